-- rules/consistency/all_equal.lua: the values of a row are all the same.

-- Values of different type are unequal, two nulls are equal.
local function same(a, c)
  return a:equals(c):default(false) | a:is_null() & c:is_null()
end

return {
  doc       = "All columns hold the same value in a row; a null counts as a value.",
  dimension = "consistency",
  params    = { "columns columns", "ignore_row_if all_null|any_null|never = all_null" },
  validate  = function(p)
    if #p.columns < 2 then return "give 2 columns at least" end
  end,
  check     = function(b, p)
    local first, all = b[p.columns[1]], nil
    for i = 2, #p.columns do
      local pair = same(first, b[p.columns[i]])
      all = all and all & pair or pair
    end
    return all
  end,
  reason    = "{columns} are not all the same",
  tests     = {
    { "another value fails", with = { { "x", "y", "z" } },
      given = { x = { 1, 1, 2, 1 }, y = { 1, 2, 2, 1 }, z = { 1, 1, 1, 1 } }, fails = { 2, 3 },
      reasons = { "{x, y, z} are not all the same", "{x, y, z} are not all the same" } },
    { "a null is a value", with = { { "x", "y" } },
      given = { x = { null, 1, null }, y = { null, null, 1 } },
      types = { x = "bigint", y = "bigint" }, fails = { 2, 3 }, evaluated = 2 },
    { "a row of nulls may stay", with = { { "x", "y" }, ignore_row_if = "never" },
      given = { x = { null }, y = { null } }, fails = {}, evaluated = 1 },
    { "a number is no text", with = { { "x", "y" } }, given = { x = { 1 }, y = { "1" } },
      fails = { 1 } },
    { "two columns", with = { { "x", "y" } }, given = { x = { 1 }, y = { 1 } }, fails = {},
      evaluated = 1 },
    { "one column is an error", with = { { "x" } }, given = { x = { 1 } }, verdict = "error" },
  },
}
