-- rules/consistency/correlation_between.lua: two columns vary together, or do not.
return {
  doc       = "Pearson's correlation over the rows with both values lies between min and max.",
  dimension = "consistency",
  params    = { "a column", "b column", "min number?", "max number?" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p) return b[p.a]:comoments(b[p.b]) end,
  judge     = function(m, p) return within(m.correlation, p.min, p.max) end,
  tests     = {
    { "together", with = { "x", "y", min = 1, max = 1 },
      given = { x = { 1, 2, null, 3 }, y = { 3, 5, 0, 7 } },
      verdict = "pass", observed = 1, evaluated = 3 },
    { "in opposite ways", with = { "x", "y", max = -1 }, given = { x = { 1, 2 }, y = { 2, 1 } },
      verdict = "pass", observed = -1 },
    { "below min", with = { "x", "y", min = 0.1 }, given = { x = { 1, 2, 3 }, y = { 1, 0, 1 } },
      verdict = "fail", observed = 0 },
    { "above max", with = { "x", "y", max = -0.1 }, given = { x = { 1, 2, 3 }, y = { 1, 0, 1 } },
      verdict = "fail" },
    { "a constant has none", with = { "x", "y" }, given = { x = { 1, 2 }, y = { 0.1, 0.1 } },
      verdict = "fail", observed = null },
    { "one row has none", with = { "x", "y", empty = "skip" }, given = { x = { 1 }, y = { 2 } },
      verdict = "skip" },
    { "no bound passes", with = { "x", "y" }, given = { x = { 1, 2 }, y = { 1, 2 } },
      verdict = "pass" },
    { "min above max is an error", with = { "x", "y", min = 1, max = 0 },
      given = { x = { 1 }, y = { 1 } }, verdict = "error" },
    { "text is an error", with = { "x", "y" }, given = { x = { "a" }, y = { 1 } },
      verdict = "error" },
  },
}
