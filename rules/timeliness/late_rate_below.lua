-- rules/timeliness/late_rate_below.lua: few rows come late.
return {
  doc       = "The share of rows whose event time is older than the newest before it by more than"
    .. " lateness is below max (a share of each batch such as 5%, or a number of rows).",
  dimension = "timeliness",
  params    = { "column column", "lateness duration", "max value = 5%" },
  state     = { keys_max = 1 },
  mostly    = 0,
  warn      = "$max",
  depends   = "stream",
  check     = function(b, p, s)
    local c = b[p.column]
    local newest = s:largest(c)
    return ((newest - c):le(p.lateness) | newest:is_null()):where(c:not_null())
  end,
  reason    = "{column}: {} is later than {lateness}",
  tests     = {
    { "as late as allowed", with = { "t", "1m", "50%", min_rows = 1 },
      given = { t = at("2m", "1m") }, fails = {},
      verdict = "pass" },
    { "a row is late", with = { "t", "1m", "50%", min_rows = 1 },
      given = { t = at("2m", "59s") }, fails = { 2 },
      verdict = "fail" },
    { "fewer than max pass", with = { "t", "1m", "50%", min_rows = 1 },
      given = { t = at("2m", "59s", "3m") },
      fails = { 2 }, verdict = "pass" },
    { "over batches", with = { "t", "1m", "50%", min_rows = 1 },
      given = { { t = at("2m") }, { t = at("59s", "5m") } }, fails = { 2 }, fires = 2 },
    { "few rows say nothing of a share", with = { "t", "1m" }, given = { t = at("2m", "0s") },
      fails = { 2 }, verdict = "pass" },
    { "max of 1 row", with = { "t", "1m", 1 }, given = { t = at("2m", "0s") }, fails = { 2 },
      verdict = "fail" },
    { "null is not judged", with = { "t", "1m", "50%", min_rows = 1 },
      given = { t = { null } },
      types = { t = "timestamptz" }, evaluated = 0, verdict = "pass" },
  },
}
