-- rules/timeliness/fresh_within.lua: the newest time is young enough.
return {
  doc       = "The newest Kafka timestamp minus the newest value, in seconds, is at most max_age. "
    .. "By the clock, also when nothing comes: the time now minus the newest value ever seen.",
  dimension = "timeliness",
  params    = { "column column", "max_age duration" },
  every     = "1m",
  depends   = "stream",
  measure   = function(b, p)
    local column = b[p.column]
    return { now = b:kafka_timestamp():seconds():max(), newest = column:seconds():max() }
  end,
  judge     = function(m, p, s, t)
    local kept = s:get()
    if not m then
      if not kept then return "skip" end
      return within(t.now / 1000000 - kept, nil, seconds(p.max_age))
    end
    if m.newest.count == 0 then return nil end
    s:set(math.max(kept or m.newest.value, m.newest.value))
    return within(m.now.value - m.newest.value, nil, seconds(p.max_age))
  end,
  tests     = {
    { "the age itself passes", with = { "x", "5s" }, given = { x = at("1s", "5s", "2s") },
      kafka = at("9s", "10s", "8s"), verdict = "pass", observed = 5 },
    { "a second older fails", with = { "x", "4s" }, given = { x = at("1s", "5s") },
      kafka = at("9s", "10s"), verdict = "fail", observed = 5 },
    { "no values fail", with = { "x", "5s" }, given = { x = { null } },
      types = { x = "timestamptz" }, verdict = "fail", observed = null },
    { "by the clock when nothing comes", with = { "x", "64s" }, given = { x = at("0s", "1s") },
      clock = { { now = "65s" }, { now = "66s" } }, fires = 3, quiet = "1-2", observed = 65 },
    { "by the clock the newest of all windows counts", with = { "x", "60s" },
      given = { { x = at("30s") }, { x = at("10s") } }, kafka = at("31s", "32s"),
      clock = { { now = "90s" }, { now = "91s" } }, fires = 4, quiet = "1-3" },
    { "by the clock a window without values changes nothing", with = { "x", "60s" },
      given = { { x = at("30s") }, { x = { null } } }, kafka = at("31s", "32s"),
      clock = { { now = "90s" } }, fires = 2, quiet = 3 },
    { "by the clock there is nothing to say before the first value", with = { "x", "5s" },
      types = { x = "timestamptz" }, clock = { { now = "1h" } }, verdict = "skip" },
    { "a number is an error", with = { "x", "5s" }, given = { x = { 1 } }, verdict = "error" },
  },
}
