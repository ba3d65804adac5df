-- rules/uniqueness/no_new_values.lua: after a time of learning a value that was never seen is told.
return {
  doc       = "After the time of learning there is no value that was never seen before.",
  dimension = "uniqueness",
  params    = {
    "column column", "learn duration = 7d", "values_max integer = 10000", "time column?",
  },
  state     = {
    key = "$column", keys_max = "$values_max", full = "error", per_partition = true,
  },
  depends   = "stream",
  check     = function(b, p, s)
    local known = s:seen()
    local learning = s:age(p.time and b[p.time] or nil):lt(p.learn)
    return known:where(~learning)
  end,
  reason    = "{column}: {} is new",
  tests     = {
    { "new after the time of learning fails once", with = { "x", "1m", time = "t" },
      given = {
        x = { "a", "b", "a", "c", "c", null, "d" },
        t = at("0s", "59s", "60s", "61s", "62s", "63s", "64s"),
      },
      fails = { 4, 7 }, evaluated = 4, reasons = { "x: c is new", "x: d is new" } },
    { "what was learned lasts", with = { "x", "1m", time = "t" },
      given = { { x = { 1, 2 }, t = at("0s", "1s") }, { x = { 2, 3 }, t = at("2d", "3d") } },
      fails = { 4 }, evaluated = 2 },
    { "too many values are an error", with = { "x", "1m", 2, time = "t" },
      given = { x = { 1, 2, 3 }, t = at("0s", "0s", "0s") }, verdict = "error" },
    { "as many as may be are none", with = { "x", "1m", 3, time = "t" },
      given = { x = { 1, 2, 3 }, t = at("0s", "0s", "0s") }, verdict = "pass", evaluated = 0 },
  },
}
