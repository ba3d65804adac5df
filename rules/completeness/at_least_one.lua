-- rules/completeness/at_least_one.lua: the column is not all null.
return {
  doc       = "There is a value at all; no rows fail, as do nothing but nulls.",
  dimension = "completeness",
  params    = { "column column" },
  measure   = function(b, p) return b:count(b[p.column]:not_null()) end,
  judge     = function(m) return m.value >= 1, m.value end,
  tests     = {
    { "one is enough", with = { "x" }, given = { x = { null, 1 } }, verdict = "pass",
      observed = 1 },
    { "several", with = { "x" }, given = { x = { 1, 2, null } }, verdict = "pass", observed = 2 },
    { "nothing but nulls", with = { "x" }, given = { x = { null, null } }, verdict = "fail",
      observed = 0 },
    { "no rows", with = { "x" }, given = { x = {} }, verdict = "fail", observed = 0 },
    { "not of the rows judged", with = { "x", where = "y" },
      given = { x = { 1, null }, y = { false, true } }, verdict = "fail" },
  },
}
