-- The event that all figures of docs/PERFORMANCE.md are measured with, and 46 of its 50 rules; the
-- other four are files in ../rules. tests/bench/run keeps the first N of the list for N rules.
local more_currencies = { "EUR", "USD", "GBP", "JPY", "CHF", "SEK", "NOK", "DKK", "PLN" }
local more_countries = { "DE", "FR", "US", "GB", "IT", "ES", "NL", "PL", "AT", "CH", "BE", "SE" }
local countries = { "DE", "FR", "US", "GB", "IT", "ES", "NL", "PL" }
local more_systems = { "ios", "android", "windows", "macos", "linux", "chromeos" }
local more_types = { "view", "click", "purchase", "refund", "signup", "search", "login" }
local types = { "view", "click", "purchase", "refund", "signup", "search" }

return {
  table      = "reference",
  event_time = "event_time",
  key        = "user_id",
  fields = {
    "event_id    uuid         not null",
    "event_time  timestamptz  not null",
    "user_id     bigint       not null",
    "session_id  text",
    "event_type  text",
    "amount      numeric(12,2)",
    "currency    text",
    "country     text",
    "ip          text",
    "os          text         @ device.os",
    "ver         text         @ device.ver",
    "size_class  integer      computed",
    "is_test     boolean",
    "channel     text",
    "bytes       bigint       @ kafka.size   unstored",
  },

  -- The integer column: nothing counts the elements of an array yet, so it tells short events from
  -- long ones.
  transform = function(b)
    b.size_class = when(b.bytes:gt(350), 2, 1)
  end,

  rules = {
    -- the first ten: one of each kind and a bit
    between        { "amount", min = 0, max = 50000, on_fail = "quarantine", critical = "20%" },
    not_null       { "amount", warn = "5%" },
    in_set         { "currency", { "EUR", "USD", "GBP", "JPY", "CHF" }, on_fail = "quarantine" },
    matches_regex  { "country", "^[A-Z]{2}$" },
    length_between { "session_id", min = 10, max = 10 },
    compare        { "user_id", ">=", 0, on_fail = "quarantine" },
    in_set         { "event_type", types },
    between        { "event_time", min = "2025-12-01T00:00:00Z", max = "2027-01-01T00:00:00Z" },
    between        { "size_class", min = 1, max = 2 },
    in_set         { "channel", { "web", "app", "store" } },
    -- ranges of amounts, some of which are null
    between        { "amount", min = 0.01, max = 2000 },
    between        { "amount", min = -100000, max = 100000 },
    between        { "amount", min = 0, exclusive_min = true },
    between        { "amount", max = 9999999.99 },
    between        { "amount", min = 0, max = 2500, mostly = 0.99 },
    between        { "amount", min = 0.01, max = 1999.5, warn = "1%" },
    between        { "amount", min = 0, max = 1000000, exclusive_max = true },
    -- integers
    between        { "user_id", min = 0, max = 100000 },
    between        { "user_id", min = 0, max = 4294967295 },
    compare        { "user_id", "<", 1000000 },
    compare        { "user_id", "~=", -1 },
    between        { "user_id", max = 99999 },
    -- time
    compare        { "event_time", ">=", "2026-01-01T00:00:00Z" },
    compare        { "event_time", "<", "2026-06-01T00:00:00Z" },
    between        { "event_time", min = "2020-01-01T00:00:00Z" },
    -- memberships
    in_set         { "currency", more_currencies },
    in_set         { "country", countries },
    in_set         { "country", more_countries },
    in_set         { "os", { "ios", "android", "windows", "macos", "linux" } },
    in_set         { "os", more_systems, warn = "1%" },
    in_set         { "channel", { "web", "app", "store", "partner" } },
    in_set         { "event_type", more_types },
    -- patterns
    matches_regex  { "ip", "^(\\d{1,3}\\.){3}\\d{1,3}$" },
    matches_regex  { "session_id", "^s-[0-9a-f]{8}$" },
    matches_regex  { "ver", "^\\d+\\.\\d+\\.\\d+$" },
    matches_regex  { "currency", "^[A-Z]{3}$" },
    matches_regex  { "event_type", "^[a-z]+$" },
    -- lengths
    length_between { "currency", min = 3, max = 3 },
    length_between { "country", min = 2, max = 2 },
    length_between { "ip", min = 7, max = 15 },
    -- what must be there
    not_null       { "user_id" },
    not_null       { "session_id" },
    -- small integers
    between        { "size_class", min = 1 },
    between        { "size_class", max = 10 },
    between        { "size_class", min = 0, max = 100 },
    compare        { "size_class", ">", 0 },
  },

  tests = {
    { "an event becomes a row",
      events = {
        { event_id = uuid(1), event_time = "2026-01-01T00:00:00.003Z", user_id = 4711,
          session_id = "s-1a2b3c4d", event_type = "purchase", amount = 123.45, currency = "EUR",
          country = "DE", ip = "10.20.30.40", device = { os = "ios", ver = "17.4.1" },
          items = { { sku = "SKU-00042", qty = 2 }, { sku = "SKU-00043", qty = 1 } },
          note = ("x"):rep(100),
          is_test = false, channel = "web" },
      },
      rows = { { os = "ios", amount = 123.45, size_class = 2 } } },
  },
}
