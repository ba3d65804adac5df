-- rules/volume/row_count_between.lua: the number of rows lies between bounds.
return {
  doc       = "The number of rows lies between min and max; no rows is a number too.",
  dimension = "volume",
  params    = { "min integer?", "max integer?" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b) return b:count() end,
  judge     = function(m, p) return within(m.rows, p.min, p.max) end,
  tests     = {
    { "both ends belong", with = { 2, 2 }, given = { x = { 1, null } }, verdict = "pass",
      observed = 2, evaluated = 2 },
    { "too few", with = { 3 }, given = { x = { 1, null } }, verdict = "fail", observed = 2 },
    { "too many", with = { max = 1 }, given = { x = { 1, null } }, verdict = "fail" },
    { "rows of where", with = { 1, 1, where = "x == 1" }, given = { x = { 1, null } },
      verdict = "pass", observed = 1 },
    { "none is 0", with = { 0 }, given = { x = {} }, verdict = "pass", observed = 0 },
    { "no bound passes", given = { x = { 1 } }, verdict = "pass" },
    { "min above max is an error", with = { 2, 1 }, given = { x = { 1 } }, verdict = "error" },
    { "a fraction is an error", with = { 1.5 }, given = { x = { 1 } }, verdict = "error" },
  },
}
