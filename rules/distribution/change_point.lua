-- rules/distribution/change_point.lua: a metric whose mean has changed for good.
return {
  doc       = "The mean of the metric has not changed: page_hinkley sums how far standardised"
    .. " values are off by more than delta, and fails when a sum is lambda from its extreme; adwin"
    .. " compares the parts of a window. After a change it starts anew.",
  dimension = "distribution",
  params    = { "metric measure", "method page_hinkley|adwin = page_hinkley", "delta number?",
    "lambda number = 50", "direction both|up|down = both" },
  empty     = "skip",
  depends   = "stream",
  measure   = function(b, p) return p.metric.take(b) end,
  judge     = function(m, p, s)
    local x = p.metric.value(m)
    if p.method == "adwin" then
      return s:adwin { delta = p.delta or 0.002, direction = p.direction }:judge(x)
    end
    return s:page_hinkley { delta = p.delta or 0.005, lambda = p.lambda, direction = p.direction }
      :judge(x)
  end,
  tests     = {
    { "a shift up", with = { measure.mean "value" }, seed = 2,
      given = series { gen.normal(20, 1, 60), gen.normal(23, 1, 30) }, fires = "61-90",
      quiet = "1-60" },
    { "a shift down", with = { measure.mean "value" }, seed = 2,
      given = series { gen.normal(20, 1, 60), gen.normal(17, 1, 30) }, fires = "61-90",
      quiet = "1-60" },
    { "only up", with = { measure.mean "value", direction = "up" }, seed = 2,
      given = series { gen.normal(20, 1, 60), gen.normal(17, 1, 30) }, quiet = "1-90" },
    { "only down", with = { measure.mean "value", direction = "down" }, seed = 2,
      given = series { gen.normal(20, 1, 60), gen.normal(23, 1, 30) }, quiet = "1-90" },
    { "noise passes", with = { measure.mean "value" }, given = series { gen.normal(0, 1, 100) },
      quiet = "1-100", verdict = "pass" },
    { "a spike is no change", with = { measure.mean "value" }, seed = 2,
      given = series { gen.normal(20, 1, 50), 40, gen.normal(20, 1, 30) }, quiet = "1-81" },
    { "a small lambda takes it for one", with = { measure.mean "value", lambda = 15 }, seed = 2,
      given = series { gen.normal(20, 1, 40), 40 }, fires = 41 },
    { "a large delta waves a shift through", with = { measure.mean "value", delta = 4 }, seed = 2,
      given = series { gen.normal(20, 1, 60), gen.normal(23, 1, 30) }, quiet = "1-90" },
    { "after a change it starts anew", with = { measure.mean "value" }, seed = 2,
      given = series { gen.normal(20, 1, 60), gen.normal(30, 1, 60), gen.normal(20, 1, 40) },
      fires = "61-70,121-140", quiet = "1-60,75-120,145-160" },
    { "warming up it is not judged", with = { measure.mean "value" },
      given = series { gen.normal(20, 1, 29), 900 }, verdict = "skip" },
    { "adwin finds a shift", with = { measure.mean "value", method = "adwin" }, seed = 2,
      given = series { gen.normal(20, 1, 60), gen.normal(23, 1, 30) }, fires = "61-90",
      quiet = "1-60" },
    { "adwin passes noise", with = { measure.mean "value", method = "adwin" },
      given = series { gen.normal(0, 1, 150) }, quiet = "1-150", verdict = "pass" },
    { "adwin looks one way", with = { measure.mean "value", method = "adwin", direction = "down" },
      seed = 2, given = series { gen.normal(20, 1, 60), gen.normal(23, 1, 30) },
      quiet = "1-90" },
    { "a batch without a value is skipped", with = { measure.mean "value" },
      given = { { value = { null } } }, types = { value = "float8" }, verdict = "skip" },
    { "lambda of 0 is an error", with = { measure.mean "value", lambda = 0 },
      given = series { 1 }, verdict = "error" },
    { "delta may be 0", with = { measure.mean "value", delta = 0 }, given = series { 1 },
      verdict = "skip" },
    { "a negative delta is an error", with = { measure.mean "value", delta = -1 },
      given = series { 1 }, verdict = "error" },
    { "a chance of 0 is an error", with = { measure.mean "value", method = "adwin", delta = 0 },
      given = series { 1 }, verdict = "error" },
    { "a chance above 1 is an error", with = { measure.mean "value", method = "adwin", delta = 2 },
      given = series { 1 }, verdict = "error" },
    { "a chance of 1 is none", with = { measure.mean "value", method = "adwin", delta = 1 },
      given = series { 1 }, verdict = "skip" },
    { "an unknown method is an error", with = { measure.mean "value", method = "cusum" },
      given = series { 1 }, verdict = "error" },
  },
}
