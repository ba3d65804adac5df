-- rules/completeness/not_null.lua: a value is there.
return {
  doc       = "Every row has a value.",
  dimension = "completeness",
  params    = { "column column" },
  check     = function(b, p) return b[p.column]:not_null() end,
  reason    = "{column}: null",
  tests     = {
    { "a null fails", with = { "x" }, given = { x = { "a", null, "" } },
      fails = { 2 }, evaluated = 3, reasons = { "x: null" }, verdict = "fail" },
    { "values pass", with = { "x" }, given = { x = { 0, 1 } }, fails = {}, evaluated = 2,
      verdict = "pass" },
    { "nulls = skip changes nothing: all rows count", with = { "x", nulls = "skip" },
      given = { x = { null } },
      fails = { 1 }, evaluated = 1 },
    { "no rows pass", with = { "x" }, given = { x = {} }, evaluated = 0, verdict = "pass" },
    { "a missing column is an error", with = { "y" }, given = { x = { 1 } }, verdict = "error" },
  },
}
