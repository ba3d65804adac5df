-- rules/timeliness/fresh_within.lua: the newest time is young enough.
return {
  doc       = "The newest Kafka timestamp minus the newest value, in seconds, is at most max_age.",
  dimension = "timeliness",
  params    = { "column column", "max_age duration" },
  measure   = function(b, p)
    local column = b[p.column]
    return { now = b:kafka_timestamp():seconds():max(), newest = column:seconds():max() }
  end,
  judge     = function(m, p)
    if m.newest.count == 0 then return nil end
    return within(m.now.value - m.newest.value, nil, seconds(p.max_age))
  end,
  tests     = {
    { "the age itself passes", with = { "x", "5s" }, given = { x = at("1s", "5s", "2s") },
      kafka = at("9s", "10s", "8s"), verdict = "pass", observed = 5 },
    { "a second older fails", with = { "x", "4s" }, given = { x = at("1s", "5s") },
      kafka = at("9s", "10s"), verdict = "fail", observed = 5 },
    { "no values fail", with = { "x", "5s" }, given = { x = { null } },
      types = { x = "timestamptz" }, verdict = "fail", observed = null },
    { "a number is an error", with = { "x", "5s" }, given = { x = { 1 } }, verdict = "error" },
  },
}
