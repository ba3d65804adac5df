-- What scripts and rules can use besides Lua's own: `tidegate docs luacheck`.
-- Use: stds.tidegate = { read_globals = dofile "tidegate_std.lua" }
return {
  "at",
  "chi2_above",
  "chi2_limit",
  "fixture",
  "gen",
  "golden",
  "greatest",
  "key",
  "least",
  "lookup",
  "measure",
  "null",
  "seconds",
  "series",
  "uuid",
  "when",
  "within",
  "zone_day",
  "zone_first",
}
