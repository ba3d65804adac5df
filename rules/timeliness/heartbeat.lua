-- rules/timeliness/heartbeat.lua: events keep coming.
return {
  doc       = "Events come: the newest is never older than max_silence by the clock. A silence"
    .. " fails once, and is over when an event is young enough again. A topic without any event is"
    .. " silent since the pipeline first looked at it.",
  dimension = "timeliness",
  params    = { "max_silence duration" },
  every     = "10s",
  judge     = function(_, p, s, t)
    local kept = s:get()
    local good, silence = within((t.now - (t.newest or t.since)) / 1000000, nil,
      seconds(p.max_silence))
    s:set { silent = not good }
    if kept and kept.silent and not good then return "skip", silence end
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
      clock = {
        { now = "5m", since = "5m" }, { now = "6m", since = "5m" }, { now = "361s", since = "5m" },
      }, fires = 3, quiet = "1-2", observed = 61 },
    { "an event counts from then on", with = { "1m" },
      clock = { { now = "4m", newest = "3m", since = "0s" } }, verdict = "pass", observed = 60 },
    { "on rows it is an error", with = { "1m" }, verdict = "error",
      given = { x = { 1 } }, types = { x = "bigint" } },
  },
}
