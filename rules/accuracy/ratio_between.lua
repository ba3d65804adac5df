-- rules/accuracy/ratio_between.lua: the ratio of two sums lies between bounds.
return {
  doc       = "sum(numerator) / sum(denominator) over the rows with both lies between min and max.",
  dimension = "accuracy",
  params    = { "numerator column", "denominator column", "min number?", "max number?" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p)
    local a, c = b[p.numerator], b[p.denominator]
    return { a = a:where(c:not_null()):sum(), c = c:where(a:not_null()):sum() }
  end,
  judge     = function(m, p)
    if m.c.count == 0 or m.c.value == 0 then return nil end
    return within(m.a.value / m.c.value, p.min, p.max)
  end,
  tests     = {
    { "both ends belong", with = { "x", "y", min = 0.5, max = 0.5 },
      given = { x = { 1, 2, null, 9 }, y = { 2, 4, 8, null } }, verdict = "pass", observed = 0.5 },
    { "below min", with = { "x", "y", min = 0.6 }, given = { x = { 1 }, y = { 2 } },
      verdict = "fail", observed = 0.5 },
    { "above max", with = { "x", "y", max = 0.4 }, given = { x = { 1 }, y = { 2 } },
      verdict = "fail" },
    { "a sum of 0 below fails", with = { "x", "y" }, given = { x = { 1, 1 }, y = { 2, -2 } },
      verdict = "fail", observed = null },
    { "no row with both fails", with = { "x", "y" }, given = { x = { 1, null }, y = { null, 1 } },
      verdict = "fail", observed = null },
    { "no row with both may be skipped", with = { "x", "y", empty = "skip" },
      given = { x = { 1, null }, y = { null, 1 } }, verdict = "skip" },
    { "no bound passes", with = { "x", "y" }, given = { x = { 1 }, y = { 1 } }, verdict = "pass",
      observed = 1 },
    { "min above max is an error", with = { "x", "y", min = 2, max = 1 },
      given = { x = { 1 }, y = { 1 } }, verdict = "error" },
    { "text is an error", with = { "x", "y" }, given = { x = { "a" }, y = { 1 } },
      verdict = "error" },
  },
}
