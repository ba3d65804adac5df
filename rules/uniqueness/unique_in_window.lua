-- rules/uniqueness/unique_in_window.lua: nothing twice within a time.
return {
  doc       = "No combination of the columns is seen again within the window.",
  dimension = "uniqueness",
  params    = {
    "columns columns", "window duration = 24h", "keys_max integer = 1000000", "time column?",
    "engine exact|bloom = exact", "fpp number = 0.001",
  },
  state     = { key = "$columns", keys_max = "$keys_max", keep = "$window" },
  depends   = "stream",
  check     = function(b, p, s)
    local times = p.time and b[p.time] or nil
    if p.engine == "bloom" then return ~s:maybe_seen(p.window, p.fpp, times) end
    return ~s:seen(p.window, times)
  end,
  validate  = function(p, _, settings)
    if p.engine == "exact" then return end
    if p.fpp < 1e-6 or p.fpp > 0.1 then return "fpp is from 0.000001 to 0.1" end
    if settings.on_fail == "drop" then
      return "engine = \"bloom\" may take a new key for a seen one, so its rows are not dropped:"
        .. " on_fail = \"quarantine\" keeps them, engine = \"exact\" is never wrong"
    end
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
    { "by filters: the first passes, the others fail", with = { { "id" }, engine = "bloom" },
      given = { { id = { "a", "b", "a" } }, { id = { null, "a", "c", "b" } } },
      fails = { 3, 5, 7 }, evaluated = 6 },
    { "by filters: the window counts from the last sight",
      with = { { "id" }, "1m", time = "t", engine = "bloom" },
      given = { id = { 1, 1, 1, 1 }, t = at("0s", "40s", "80s", "140s") }, fails = { 2, 3 } },
    { "by filters: for half a window more, while other keys keep the filter",
      with = { { "id" }, "1m", time = "t", engine = "bloom" },
      given = { id = { 1, 2, 1, 1 }, t = at("0s", "29s", "88s", "178s") }, fails = { 3 } },
    { "by filters: keys_max are known, and as many more at most",
      with = { { "id" }, keys_max = 2, engine = "bloom" },
      given = { id = { 1, 2, 3, 4, 1, 5, 4, 2 } }, fails = { 5, 7 } },
    { "by filters: a failing row may be kept back",
      with = { { "id" }, engine = "bloom", fpp = 0.1, on_fail = "quarantine" },
      given = { id = { 1, 1 } }, fails = { 2 } },
    { "by filters: but not thrown away", with = { { "id" }, engine = "bloom", on_fail = "drop" },
      given = { id = { 1 } }, verdict = "error" },
    { "an fpp of one in two is no test",
      with = { { "id" }, engine = "bloom", fpp = 0.11 }, given = { id = { 1 } },
      verdict = "error" },
    { "nor is one of zero", with = { { "id" }, engine = "bloom", fpp = 0 },
      given = { id = { 1 } }, verdict = "error" },
    { "as small as it may be", with = { { "id" }, engine = "bloom", fpp = 0.000001 },
      given = { id = { 1, 1 } }, fails = { 2 } },
  },
}
