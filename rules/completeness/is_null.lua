-- rules/completeness/is_null.lua: there is no value.
return {
  doc       = "No row has a value.",
  dimension = "completeness",
  params    = { "column column" },
  check     = function(b, p) return b[p.column]:is_null() end,
  reason    = "{column}: {} where there is no value expected",
  tests     = {
    { "a value fails", with = { "x" }, given = { x = { null, "a", "" } }, fails = { 2, 3 },
      evaluated = 3, reasons = { "x: a where there is no value expected",
        "x:  where there is no value expected" } },
    { "nulls pass", with = { "x" }, given = { x = { null, null } }, fails = {}, evaluated = 2,
      verdict = "pass" },
    { "no rows pass", with = { "x" }, given = { x = {} }, evaluated = 0, verdict = "pass" },
  },
}
