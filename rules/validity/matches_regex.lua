-- rules/validity/matches_regex.lua: a value matches a regular expression (PCRE2).
return {
  doc       = "The pattern is found in every value; anchor it with ^ and $ to match the whole.",
  dimension = "validity",
  params    = { "column column", "pattern pattern", "flags text = \"\"" },
  validate  = function(p)
    if p.flags:find("[^imsx]") then return "flags are of i, m, s and x, not '" .. p.flags .. "'" end
  end,
  check     = function(b, p)
    return b[p.column]:matches(p.pattern, p.flags)
  end,
  reason    = "{column}: {} does not match {pattern}",
  tests     = {
    { "a search, not a full match", with = { "x", "b+" }, given = { x = { "abc", "ac", null } },
      fails = { 2 }, evaluated = 2,
      reasons = { "x: ac does not match b+" } },
    { "anchored", with = { "x", "^[A-Z]{2}$" }, given = { x = { "DE", "de", "DEU" } },
      fails = { 2, 3 } },
    { "flag i", with = { "x", "^de$", flags = "i" }, given = { x = { "DE", "FR" } },
      fails = { 2 } },
    { "the empty pattern matches all", with = { "x", "" }, given = { x = { "", "a" } },
      verdict = "pass", evaluated = 2 },
    { "a bad pattern is an error", with = { "x", "(" }, given = { x = { "a" } },
      verdict = "error" },
    { "an unknown flag is an error", with = { "x", "a", flags = "q" }, given = { x = { "a" } },
      verdict = "error" },
  },
}
