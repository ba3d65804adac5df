-- rules/completeness/required_if.lua: a value is there where a condition holds.
return {
  doc       = "Where the condition is true the column has a value; other rows are not judged.",
  dimension = "completeness",
  params    = { "column column", "when mask" },
  where     = "$when",
  check     = function(b, p) return b[p.column]:not_null() end,
  reason    = "{column}: null",
  tests     = {
    { "a null where it is required fails", with = { "x", "kind == 'refund'" },
      given = { x = { 1, null, null, null }, kind = { "refund", "refund", "sale", null } },
      fails = { 2 }, evaluated = 2, reasons = { "x: null" } },
    { "a function says so too", with = { "x", function(b) return b.y:gt(0) end },
      given = { x = { null, null }, y = { 0, 1 } }, fails = { 2 }, evaluated = 1 },
    { "a bad condition is an error", with = { "x", "nope > 0" }, given = { x = { 1 } },
      verdict = "error" },
  },
}
