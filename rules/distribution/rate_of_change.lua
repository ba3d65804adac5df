-- rules/distribution/rate_of_change.lua: a metric that jumps from one value to the next.

-- The order-th difference of x, from the differences before it (kept[1]: the values themselves),
-- which are brought up to date; nil while there are too few.
local function difference(x, order, kept)
  local d = x
  for i = 1, order do
    local before = kept[i]
    kept[i] = d
    if before == nil then return nil end
    d = d - before
  end
  return d
end

return {
  doc       = "The order-th difference of the metric is at most max_abs, and at most max_rel of the"
    .. " previous value; with max_rel alone a previous value of 0 is not judged.",
  dimension = "distribution",
  params    = { "metric measure", "max_rel share?", "max_abs number?", "order integer = 1" },
  empty     = "skip",
  depends   = "stream",
  validate  = function(p)
    if not p.max_rel and not p.max_abs then return "give max_rel, max_abs or both" end
    if p.max_abs and p.max_abs < 0 then return "max_abs is 0 or more" end
    if p.order < 1 or p.order > 8 then return "order is 1 to 8" end
  end,
  measure   = function(b, p) return p.metric.take(b) end,
  judge     = function(m, p, s)
    local x, kept = p.metric.value(m), s:get() or {}
    local previous = kept[1]
    if x == nil then return nil end
    local d = difference(x, p.order, kept)
    s:set(kept)
    if d == nil then return "skip" end
    local by_rel = p.max_rel and previous ~= 0
    if not by_rel and not p.max_abs then return "skip" end
    local value = p.max_abs and d or d / math.abs(previous)
    local good = (not p.max_abs or math.abs(d) <= p.max_abs)
      and (not by_rel or math.abs(d) <= p.max_rel * math.abs(previous))
    return good, { value = value, expected = x - d }
  end,
  tests     = {
    { "a jump fails", with = { measure.mean "value", max_abs = 10 },
      given = series { 100, 105, 116, 115 }, fires = 3, quiet = "1-2,4" },
    { "a fall too", with = { measure.mean "value", max_abs = 10 }, given = series { 100, 89 },
      fires = 2 },
    { "just as much passes", with = { measure.mean "value", max_abs = 10 },
      given = series { 100, 110 }, verdict = "pass", observed = 10 },
    { "relative to the previous value", with = { measure.mean "value", max_rel = 0.1 },
      given = series { 100, 110, 122 }, fires = 3, quiet = "1-2", observed = 12 / 110 },
    { "a share", with = { measure.mean "value", max_rel = "50%" }, given = series { 100, 40 },
      fires = 2, observed = -0.6 },
    { "of a negative value", with = { measure.mean "value", max_rel = 0.5 },
      given = series { -10, -14, -22 }, fires = 3, quiet = 2 },
    { "0 has no relative change", with = { measure.mean "value", max_rel = 0.1 },
      given = series { 0, 50 }, verdict = "skip" },
    { "but an absolute one", with = { measure.mean "value", max_rel = 0.1, max_abs = 10 },
      given = series { 0, 50, 1, 0.95, 0.5 }, fires = "2,3,5", quiet = 4 },
    { "both must hold", with = { measure.mean "value", max_rel = 0.1, max_abs = 10 },
      given = series { 1000, 1009, 1020 }, fires = 3, quiet = 2 },
    { "the first value is not judged", with = { measure.mean "value", max_abs = 0 },
      given = series { 900 }, verdict = "skip" },
    { "the second difference", with = { measure.mean "value", max_abs = 1, order = 2 },
      given = series { 1, 3, 5, 7, 11 }, fires = 5, quiet = "1-4", observed = 2 },
    { "which needs two values before", with = { measure.mean "value", max_abs = 1, order = 2 },
      given = series { 1, 100 }, verdict = "skip" },
    { "an equal value passes", with = { measure.mean "value", max_abs = 0 },
      given = series { 7, 7 }, verdict = "pass", observed = 0 },
    { "a missing value is skipped over", with = { measure.mean "value", max_abs = 10 },
      given = { { value = { 100 } }, { value = { null } }, { value = { 111 } } },
      types = { value = "float8" }, fires = 3, quiet = "1-2" },
    { "no bound is an error", with = { measure.mean "value" }, given = series { 1 },
      verdict = "error" },
    { "a negative bound is an error", with = { measure.mean "value", max_abs = -1 },
      given = series { 1 }, verdict = "error" },
    { "order 0 is an error", with = { measure.mean "value", max_abs = 1, order = 0 },
      given = series { 1 }, verdict = "error" },
    { "order 8 is the highest", with = { measure.mean "value", max_abs = 1, order = 8 },
      given = series { 1 }, verdict = "skip" },
    { "order 9 is an error", with = { measure.mean "value", max_abs = 1, order = 9 },
      given = series { 1 }, verdict = "error" },
  },
}
