-- rules/timeliness/not_older_than.lua: a time that lies too far back.
return {
  doc       = "No time is earlier than the event's Kafka timestamp by more than max_age.",
  dimension = "timeliness",
  params    = { "column column", "max_age duration" },
  check     = function(b, p) return b[p.column]:ge(b:kafka_timestamp():add("-" .. p.max_age)) end,
  reason    = "{column}: {} is older than {max_age}",
  tests     = {
    { "the age itself passes", with = { "x", "5s" }, given = { x = at("4s", "5s", "6s") },
      kafka = at("10s", "10s", "10s"), fails = { 1 },
      reasons = { "x: 2026-01-01T00:00:04Z is older than 5s" } },
    { "nulls are not judged", with = { "x", "5s" }, given = { x = { null } },
      types = { x = "timestamptz" }, evaluated = 0 },
    { "a number is an error", with = { "x", "5s" }, given = { x = { 1 } }, verdict = "error" },
    { "an age is needed", with = { "x" }, given = { x = at("0s") }, verdict = "error" },
  },
}
