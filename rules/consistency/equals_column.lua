-- rules/consistency/equals_column.lua: two columns are equal.
return {
  doc       = "a equals b in every row, or differs by at most the tolerance.",
  dimension = "consistency",
  params    = { "a column", "b column", "tolerance number = 0",
    "ignore_row_if all_null|any_null|never = all_null" },
  validate  = function(p)
    if p.tolerance < 0 then return "tolerance is 0 or more" end
  end,
  check     = function(b, p)
    if p.tolerance > 0 then return (b[p.a] - b[p.b]):abs():le(p.tolerance) end
    return b[p.a]:equals(b[p.b])
  end,
  reason    = "{a} does not equal {b}",
  tests     = {
    { "others fail", with = { "x", "y" }, given = { x = { 1, 2, 3 }, y = { 1, 1, 4 } },
      fails = { 2, 3 }, reasons = { "x does not equal y", "x does not equal y" } },
    { "within the tolerance", with = { "x", "y", 1 },
      given = { x = { 1, 1, 1, 1 }, y = { 2, 0, 3, -1 } }, fails = { 3, 4 } },
    { "a small one", with = { "x", "y", 0.25 }, given = { x = { 1, 1 }, y = { 1.25, 1.5 } },
      fails = { 2 } },
    { "two nulls leave, one fails", with = { "x", "y" },
      given = { x = { null, 2, null }, y = { null, null, 1 } },
      types = { x = "bigint", y = "bigint" }, fails = { 2, 3 }, evaluated = 2 },
    { "no null leaves", with = { "x", "y", ignore_row_if = "never" },
      given = { x = { 2, null }, y = { 2, null } }, fails = { 2 }, evaluated = 2 },
    { "a number never equals a text", with = { "x", "y" },
      given = { x = { 1, null }, y = { "1", null } }, fails = { 1 }, evaluated = 1 },
    { "a negative tolerance is an error", with = { "x", "y", -1 },
      given = { x = { 1 }, y = { 1 } }, verdict = "error" },
  },
}
