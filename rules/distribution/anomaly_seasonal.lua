-- rules/distribution/anomaly_seasonal.lua: a metric that leaves its season.
return {
  doc       = "The metric follows its level, trend and season of `period` values (additive"
    .. " Holt-Winters); score: what is left, in standard deviations of what was left so far. Above"
    .. " k it fails.",
  dimension = "distribution",
  params    = { "metric measure", "period integer", "alpha number = 0.3", "beta number = 0.1",
    "gamma number = 0.1", "k number = 3", "cooldown integer = 100",
    "direction both|up|down = both" },
  empty     = "skip",
  depends   = "stream",
  validate  = function(p)
    if p.period < 2 or p.period > 4096 then return "period is 2 to 4096 values" end
    for _, name in ipairs { "alpha", "beta", "gamma" } do
      if p[name] <= 0 or p[name] > 1 then return name .. " is above 0 and at most 1" end
    end
    if p.k <= 0 then return "k is above 0" end
    if p.cooldown < 0 then return "cooldown is 0 or more values" end
  end,
  measure   = function(b, p) return p.metric.take(b) end,
  judge     = function(m, p, s)
    return s:holt_winters { period = p.period, alpha = p.alpha, beta = p.beta, gamma = p.gamma,
      k = p.k, cooldown = p.cooldown, direction = p.direction }:judge(p.metric.value(m))
  end,
  tests     = {
    { "what is usual at another hour fails", with = { measure.mean "value", 24, k = 6 },
      given = series { gen.sine(100, 50, 24, 1, 240), 150 }, fires = 241, quiet = "1-240" },
    { "a slump at the peak fails", with = { measure.mean "value", 24, k = 6 },
      given = series { gen.sine(100, 50, 24, 1, 246), 100 }, fires = 247, quiet = "1-246" },
    { "only what rises", with = { measure.mean "value", 24, direction = "up", k = 6 },
      given = series { gen.sine(100, 50, 24, 1, 246), 100 }, quiet = "1-247" },
    { "only what falls", with = { measure.mean "value", 24, direction = "down", k = 6 },
      given = series { gen.sine(100, 50, 24, 1, 240), 150 }, quiet = "1-241" },
    { "a season passes", with = { measure.mean "value", 24, k = 6 },
      given = series { gen.sine(100, 50, 24, 1, 480) }, quiet = "1-480", verdict = "pass" },
    { "two periods warm up", with = { measure.mean "value", 3 },
      given = series { 1, 5, 9, 1, 5, 900 }, verdict = "skip" },
    { "two periods are enough", with = { measure.mean "value", 3 },
      given = series { 1, 5, 9, 1, 5, 9, 900 }, fires = 7 },
    { "the season is expected", with = { measure.mean "value", 3 },
      given = series { 1, 5, 9, 1, 5, 9, 1, 5, 9 }, verdict = "pass", observed = 9 },
    { "a missing value keeps the season in step", with = { measure.mean "value", 3 },
      given = { { value = { 1 } }, { value = { 5 } }, { value = { 9 } }, { value = { 1 } },
        { value = { 5 } }, { value = { 9 } }, { value = { null } }, { value = { 5 } } },
      types = { value = "float8" }, quiet = "1-8", verdict = "pass" },
    { "all settings", with = { measure.mean "value", 3, alpha = 1, beta = 1, gamma = 1, k = 9,
      cooldown = 0 }, given = series { 1, 5, 9, 1, 5, 9, 1 }, verdict = "pass" },
    { "a period of 1 is an error", with = { measure.mean "value", 1 }, given = series { 1 },
      verdict = "error" },
    { "the shortest period", with = { measure.mean "value", 2 }, given = series { 1 },
      verdict = "skip" },
    { "the longest period", with = { measure.mean "value", 4096 }, given = series { 1 },
      verdict = "skip" },
    { "a longer one is an error", with = { measure.mean "value", 4097 }, given = series { 1 },
      verdict = "error" },
    { "no period is an error", with = { measure.mean "value" }, given = series { 1 },
      verdict = "error" },
    { "alpha of 0 is an error", with = { measure.mean "value", 3, alpha = 0 },
      given = series { 1 }, verdict = "error" },
    { "beta above 1 is an error", with = { measure.mean "value", 3, beta = 1.1 },
      given = series { 1 }, verdict = "error" },
    { "gamma of 0 is an error", with = { measure.mean "value", 3, gamma = 0 },
      given = series { 1 }, verdict = "error" },
    { "k of 0 is an error", with = { measure.mean "value", 3, k = 0 }, given = series { 1 },
      verdict = "error" },
    { "a negative cooldown is an error", with = { measure.mean "value", 3, cooldown = -1 },
      given = series { 1 }, verdict = "error" },
  },
}
