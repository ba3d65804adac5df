-- rules/validity/matches_like_list.lua: a value matches some or all of several LIKE patterns.
return {
  doc       = "Of the LIKE patterns, any (or all) match every value; negated: none does.",
  dimension = "validity",
  params    = { "column column", "patterns texts", "match_on any|all = any",
    "negate flag = false" },
  aliases   = { not_matches_like_list = { negate = true } },
  validate  = function(p)
    if p.negate and p.match_on == "all" then
      return "negate means that no pattern matches: leave match_on out"
    end
  end,
  check     = function(b, p)
    local column, found = b[p.column], nil
    for _, pattern in ipairs(p.patterns) do
      local one = column:like(pattern)
      if not found then
        found = one
      elseif p.match_on == "all" then
        found = found & one
      else
        found = found | one
      end
    end
    if p.negate then return ~found end
    return found
  end,
  reason    = "{column}: {} against LIKE {patterns}",
  tests     = {
    { "one is enough", with = { "x", { "a%", "%b" } },
      given = { x = { "ab", "ac", "cb", "cc", null } },
      fails = { 4 }, evaluated = 4, reasons = { "x: cc against LIKE {a%, %b}" } },
    { "all", with = { "x", { "a%", "%b" }, match_on = "all" },
      given = { x = { "ab", "ac", "cb", "cc" } }, fails = { 2, 3, 4 } },
    { "none", with = { "x", { "a%", "%b" }, negate = true },
      given = { x = { "ab", "ac", "cb", "cc" } }, fails = { 1, 2, 3 } },
    { "none of all is an error", with = { "x", { "a%" }, match_on = "all", negate = true },
      given = { x = { "ab" } }, verdict = "error" },
    { "no pattern is an error", with = { "x", {} }, given = { x = { "a" } }, verdict = "error" },
  },
}
