-- rules/volume/row_count_equals.lua: there are exactly so many rows.
return {
  doc       = "The number of rows is value.",
  dimension = "volume",
  params    = { "value integer" },
  measure   = function(b) return b:count() end,
  judge     = function(m, p) return within(m.rows, p.value, p.value) end,
  tests     = {
    { "as many", with = { 2 }, given = { x = { 1, null } }, verdict = "pass", observed = 2 },
    { "one more", with = { 1 }, given = { x = { 1, null } }, verdict = "fail", observed = 2 },
    { "one less", with = { 3 }, given = { x = { 1, null } }, verdict = "fail" },
    { "none", with = { 0 }, given = { x = {} }, verdict = "pass", observed = 0 },
    { "a text is an error", with = { "many" }, given = { x = { 1 } }, verdict = "error" },
  },
}
