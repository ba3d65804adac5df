-- rules/consistency/greater_than_column.lua: one column is greater than another.
return {
  doc       = "a is greater than b in every row.",
  dimension = "consistency",
  params    = { "a column", "b column", "or_equal flag = false",
    "ignore_row_if all_null|any_null|never = all_null" },
  check     = function(b, p)
    if p.or_equal then return b[p.a]:ge(b[p.b]) end
    return b[p.a]:gt(b[p.b])
  end,
  reason    = "{a} is not greater than {b}",
  tests     = {
    { "equal fails", with = { "x", "y" }, given = { x = { 2, 1, 0 }, y = { 1, 1, 1 } },
      fails = { 2, 3 }, reasons = { "x is not greater than y", "x is not greater than y" } },
    { "unless it is allowed", with = { "x", "y", true },
      given = { x = { 2, 1, 0 }, y = { 1, 1, 1 } }, fails = { 3 } },
    { "two nulls leave, one fails", with = { "x", "y" },
      given = { x = { null, 2, null }, y = { null, null, 1 } },
      types = { x = "bigint", y = "bigint" }, fails = { 2, 3 }, evaluated = 2 },
    { "any null leaves", with = { "x", "y", ignore_row_if = "any_null" },
      given = { x = { 2, null }, y = { 3, 1 } }, fails = { 1 }, evaluated = 1 },
    { "no null leaves", with = { "x", "y", ignore_row_if = "never" },
      given = { x = { 2, null }, y = { 1, null } }, fails = { 2 }, evaluated = 2 },
    { "a number against a text is an error", with = { "x", "y" },
      given = { x = { 1 }, y = { "a" } }, verdict = "error" },
  },
}
