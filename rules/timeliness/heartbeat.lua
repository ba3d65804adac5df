-- rules/timeliness/heartbeat.lua: events keep coming.
return {
  doc       = "Events come: the newest is never older than max_silence by the clock. A silence"
    .. " fails once, and is over when an event is young enough again.",
  dimension = "timeliness",
  params    = { "max_silence duration" },
  every     = "10s",
  judge     = function(_, p, s, t)
    local kept = s:get() or { since = t.now }
    local good, silence = within((t.now - (t.newest or kept.since)) / 1000000, nil,
      seconds(p.max_silence))
    local told = kept.silent
    s:set { since = kept.since, silent = not good }
    if told and not good then return "skip", silence end
    return good, silence
  end,
  tests     = {
    { "a silence as long as allowed passes", with = { "1m" },
      clock = { { now = "70s", newest = "10s" } }, verdict = "pass", observed = 60 },
    { "a longer one fails", with = { "1m" },
      clock = { { now = "71s", newest = "10s" } }, verdict = "fail", observed = 61 },
    { "fails once per silence", with = { "1m" },
      clock = {
        { now = "60s", newest = "0s" }, { now = "70s", newest = "0s" },
        { now = "80s", newest = "0s" }, { now = "90s", newest = "20s" },
        { now = "100s", newest = "90s" }, { now = "160s", newest = "90s" },
      }, fires = "2,6", quiet = "1,3-5", observed = 70 },
    { "no event ever: silent since it was first looked at", with = { "1m" },
      clock = { { now = "5m" }, { now = "6m" }, { now = "361s" } }, fires = 3, quiet = "1-2",
      observed = 61 },
    { "on rows it is an error", with = { "1m" }, verdict = "error",
      given = { x = { 1 } }, types = { x = "bigint" } },
  },
}
