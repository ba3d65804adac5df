-- Flights: real departures from New York (data/README.md), with their real nulls and lateness.
return {
  table      = "flights",
  event_time = "event_time",
  key        = "flight_id",
  fields = {
    "flight_id   text         not null",
    "carrier     text         not null",
    "flight      integer      not null",
    "tailnum     text",
    "origin      text         not null",
    "dest        text         not null",
    "sched_dep   timestamptz  not null",
    "dep_time    timestamptz",
    "dep_delay   integer",
    "arr_time    timestamptz",
    "arr_delay   integer",
    "distance    integer      not null",
    "air_time    integer",
    "event_time  timestamptz  not null",
    "speed       numeric(8,1) computed",
  },

  -- Miles an hour over the whole way; null where the air time is not known.
  transform = function(b)
    local hours = b.air_time:where(b.air_time:gt(0)) / 60.0
    b.speed = b.distance / hours
  end,

  rules = {
    in_set         { "origin", { "EWR", "JFK", "LGA" }, on_fail = "quarantine", critical = "20%" },
    matches_regex  { "carrier", "^[A-Z0-9]{2}$" },
    length_between { "dest", min = 3, max = 3 },
    not_null       { "tailnum", warn = "2%" },
    not_null       { "dep_time", warn = "10%" },
    between        { "dep_delay", min = -60, max = 1440, on_fail = "quarantine" },
    between        { "distance", min = 50, max = 6000, on_fail = "quarantine" },
    compare        { "air_time", ">", 0 },
  },

  tests = {
    { "the speed follows from distance and air time",
      events = {
        { flight_id = "US1", carrier = "US", flight = 1, origin = "EWR", dest = "CLT",
          sched_dep = "2013-03-01T05:00:00-05:00", distance = 529, air_time = 79,
          event_time = "2013-03-01T11:33:00Z" },
        { flight_id = "US2", carrier = "US", flight = 2, origin = "EWR", dest = "CLT",
          sched_dep = "2013-03-01T05:00:00-05:00", distance = 529,
          event_time = "2013-03-01T11:33:00Z" },
      },
      rows = { { flight_id = "US1", speed = 401.8 }, { flight_id = "US2", speed = null } } },
  },
}
