-- rules/uniqueness/unique_in_window.lua: nothing twice within a time.
return {
  doc       = "No combination of the columns is seen again within the window.",
  dimension = "uniqueness",
  params    = {
    "columns columns", "window duration = 24h", "keys_max integer = 1000000", "time column?",
    "engine exact|bloom = exact",
  },
  state     = { key = "$columns", keys_max = "$keys_max", keep = "$window" },
  depends   = "stream",
  check     = function(b, p, s) return ~s:seen(p.window, p.time and b[p.time] or nil) end,
  validate  = function(p)
    if p.engine ~= "exact" then return "engine: only \"exact\" is available yet" end
  end,
  reason    = "{columns} was seen within {window} before",
  tests     = {
    { "the first passes, the others fail", with = { { "id" } },
      given = { id = { "a", "b", "a", null, "a", null } }, fails = { 3, 5 }, evaluated = 4,
      reasons = { "{id} was seen within 24h before", "{id} was seen within 24h before" } },
    { "in another batch too", with = { { "id" } },
      given = { { id = { 1, 2 } }, { id = { 2, 3 } }, { id = { 1 } } }, fails = { 3, 5 } },
    { "the window counts from the last sight", with = { { "id" }, "1m", time = "t" },
      given = { id = { 1, 1, 1, 1 }, t = at("0s", "40s", "80s", "140s") }, fails = { 2, 3 } },
    { "an event that comes late is seen all the same", with = { { "id" }, "1m", time = "t" },
      given = { id = { 1, 1 }, t = at("5m", "0s") }, fails = { 2 } },
    { "columns together; null equals null", with = { { "a", "b" } },
      given = { a = { 1, 1, 1, 1, null }, b = { 1, 2, null, null, null } },
      fails = { 4 }, evaluated = 4 },
    { "a key too many pushes out the one used longest ago",
      with = { { "id" }, keys_max = 2 }, given = { id = { 1, 2, 3, 2, 1 } }, fails = { 4 } },
    { "there are no other engines", with = { { "id" }, engine = "bloom" },
      given = { id = { 1 } }, verdict = "error" },
  },
}
