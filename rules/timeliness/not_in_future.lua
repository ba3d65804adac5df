-- rules/timeliness/not_in_future.lua: a time that the event cannot know of.
return {
  doc       = "No time is later than the event's Kafka timestamp and the skew.",
  dimension = "timeliness",
  params    = { "column column", "skew duration = 0s" },
  check     = function(b, p) return b[p.column]:le(b:kafka_timestamp():add(p.skew)) end,
  reason    = "{column}: {} is more than {skew} ahead of the event",
  tests     = {
    { "the event's own time passes", with = { "x" }, given = { x = at("0s", "10s", "11s") },
      kafka = at("10s", "10s", "10s"), fails = { 3 } },
    { "the skew is allowed", with = { "x", "1s" }, given = { x = at("11s", "12s") },
      kafka = at("10s", "10s"), fails = { 2 },
      reasons = { "x: 2026-01-01T00:00:12Z is more than 1s ahead of the event" } },
    { "nulls are not judged", with = { "x" }, given = { x = { null } },
      types = { x = "timestamptz" }, evaluated = 0 },
    { "a number is an error", with = { "x" }, given = { x = { 1 } }, verdict = "error" },
  },
}
