-- rules/consistency/pair_in_set.lua: two values that go together.
return {
  doc       = "The values of a and b are one of the pairs, in this order.",
  dimension = "consistency",
  params    = { "a column", "b column", "pairs list",
    "ignore_row_if all_null|any_null|never = all_null" },
  validate  = function(p)
    for _, pair in ipairs(p.pairs) do
      if type(pair) ~= "table" or #pair ~= 2 then return "pairs is a list of { x, y }" end
    end
  end,
  check     = function(b, p)
    local a, c = b[p.a], b[p.b]
    return key(a, c):is_in(p.pairs) & a:not_null() & c:not_null()
  end,
  reason    = "{a} and {b} are none of {pairs}",
  tests     = {
    { "another pair fails", with = { "x", "y", { { 1, 1 }, { 1, 2 } } },
      given = { x = { 1, 1, 2, 1 }, y = { 1, 2, 1, 3 } }, fails = { 3, 4 } },
    { "texts and numbers", with = { "x", "y", { { "a", 1 }, { "b", 2 } } },
      given = { x = { "a", "b", "a" }, y = { 1, 2, 2 } }, fails = { 3 } },
    { "two nulls leave, one fails", with = { "x", "y", { { 1, 1 }, { 1, null } } },
      given = { x = { null, 1, null, 1 }, y = { null, null, 1, 1 } }, fails = { 2, 3 },
      evaluated = 3 },
    { "no null leaves", with = { "x", "y", { { 1, 1 } }, ignore_row_if = "never" },
      given = { x = { null, 1 }, y = { null, 1 } }, fails = { 1 }, evaluated = 2 },
    { "a number is no text", with = { "x", "y", { { 1, 1 } } },
      given = { x = { "1" }, y = { 1 } }, fails = { 1 } },
    { "no pair fails all", with = { "x", "y", {} }, given = { x = { 1 }, y = { 1 } },
      fails = { 1 } },
    { "a pair has two values", with = { "x", "y", { { 1 } } }, given = { x = { 1 }, y = { 1 } },
      verdict = "error" },
    { "a pair is a list", with = { "x", "y", { 1, 2 } }, given = { x = { 1 }, y = { 1 } },
      verdict = "error" },
  },
}
