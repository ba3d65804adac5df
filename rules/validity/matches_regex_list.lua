-- rules/validity/matches_regex_list.lua: a value matches some, all or none of several patterns.
return {
  doc       = "Of the patterns, any (or all, or none) are found in every value.",
  dimension = "validity",
  params    = { "column column", "patterns texts", "match_on any|all|none = any" },
  aliases   = { not_matches_regex_list = { match_on = "none" } },
  check     = function(b, p)
    local column, found = b[p.column], nil
    for _, pattern in ipairs(p.patterns) do
      local one = column:matches(pattern)
      if not found then
        found = one
      elseif p.match_on == "all" then
        found = found & one
      else
        found = found | one
      end
    end
    if p.match_on == "none" then return ~found end
    return found
  end,
  reason    = "{column}: {} does not match {match_on} of {patterns}",
  tests     = {
    { "one is enough", with = { "x", { "^a", "b$" } },
      given = { x = { "ab", "ac", "cb", "cc", null } },
      fails = { 4 }, evaluated = 4, reasons = { "x: cc does not match any of {^a, b$}" } },
    { "all", with = { "x", { "^a", "b$" }, match_on = "all" },
      given = { x = { "ab", "ac", "cb", "cc" } }, fails = { 2, 3, 4 } },
    { "none", with = { "x", { "^a", "b$" }, match_on = "none" },
      given = { x = { "ab", "ac", "cb", "cc" } }, fails = { 1, 2, 3 } },
    { "one pattern", with = { "x", "^a" }, given = { x = { "a", "b" } }, fails = { 2 } },
    { "no pattern is an error", with = { "x", {} }, given = { x = { "a" } }, verdict = "error" },
    { "a bad pattern is an error", with = { "x", { "a", "(" } }, given = { x = { "a" } },
      verdict = "error" },
  },
}
