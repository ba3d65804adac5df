-- rules/distribution/outlier_rate_below.lua: few values lie far from the others.

-- The bounds that values should keep; nil when there are none.
local function bounds(m, method, k)
  if m.values.count == 0 then return nil end
  if method == "iqr" then
    local low, high = m.values:q(0.25), m.values:q(0.75)
    return low - k * (high - low), high + k * (high - low)
  end
  if method == "mad" then
    local far = k * 1.4826 * m.values:mad()
    return m.values.median - far, m.values.median + far
  end
  if not m.moments.stdev then return nil end
  return m.moments.mean - k * m.moments.stdev, m.moments.mean + k * m.moments.stdev
end

return {
  doc       = "The share of values outside Q1 - k IQR .. Q3 + k IQR (iqr), or farther than k "
    .. "standard deviations from the mean (std) or k * 1.4826 MAD from the median (mad), "
    .. "is at most max.",
  dimension = "distribution",
  params    = { "column column", "method iqr|std|mad = iqr", "k number = 1.5", "max share" },
  measure   = function(b, p)
    local c = b[p.column]
    return { values = c:quantiles(), moments = c:moments() }
  end,
  judge     = function(m, p)
    local low, high = bounds(m, p.method, p.k)
    if not low then return nil end
    local rate = 1 - m.values:share(low, high)
    return rate <= p.max,
      { value = rate, low = low, high = high, approx = m.values.approx or nil }
  end,
  tests     = {
    { "the end belongs", with = { "x", max = 0.2 }, given = { x = { 1, 2, 3, 4, 100, null } },
      verdict = "pass", observed = 0.2 },
    { "above max", with = { "x", max = "19%" }, given = { x = { 1, 2, 3, 4, 100 } },
      verdict = "fail" },
    { "on the bound is no outlier", with = { "x", max = 0 }, given = { x = { 1, 2, 3, 4, 7 } },
      verdict = "pass", observed = 0 },
    { "on the lower bound neither", with = { "x", max = 0 }, given = { x = { 8, 7, 6, 5, 2 } },
      verdict = "pass", observed = 0 },
    { "below", with = { "x", max = 0 }, given = { x = { 8, 7, 6, 5, 1 } }, verdict = "fail",
      observed = 0.2 },
    { "standard deviations", with = { "x", "std", 1.5, 0 }, given = { x = { 0, 0, 0, 0, 9 } },
      verdict = "fail", observed = 0.2 },
    { "standard deviations below", with = { "x", "std", 1.5, 0 }, given = { x = { 9, 9, 9, 9, 0 } },
      verdict = "fail", observed = 0.2 },
    { "median deviations", with = { "x", "mad", 2, 0 }, given = { x = { 1, 2, 3, 4, 7 } },
      verdict = "fail", observed = 0.2 },
    { "median deviations below", with = { "x", "mad", 2, 0 }, given = { x = { 7, 6, 5, 4, 1 } },
      verdict = "fail", observed = 0.2 },
    { "median deviations kept", with = { "x", "mad", 3, 0 }, given = { x = { 1, 2, 3, 4, 7 } },
      verdict = "pass" },
    { "no values fail", with = { "x", max = 1 }, given = { x = { null } }, types = { x = "bigint" },
      verdict = "fail", observed = null },
    { "one value has no deviation", with = { "x", "std", max = 1, empty = "skip" },
      given = { x = { 1 } }, verdict = "skip" },
    { "text is an error", with = { "x", max = 1 }, given = { x = { "a" } }, verdict = "error" },
  },
}
