-- rules/validity/not_matches_regex.lua: a value does not match a regular expression (PCRE2).
return {
  doc       = "The pattern is found in no value.",
  dimension = "validity",
  params    = { "column column", "pattern pattern", "flags text = \"\"" },
  validate  = function(p)
    if p.flags:find("[^imsx]") then return "flags are of i, m, s and x, not '" .. p.flags .. "'" end
  end,
  check     = function(b, p) return ~b[p.column]:matches(p.pattern, p.flags) end,
  reason    = "{column}: {} matches {pattern}",
  tests     = {
    { "found fails", with = { "x", "b+" }, given = { x = { "abc", "ac", null } }, fails = { 1 },
      evaluated = 2, reasons = { "x: abc matches b+" } },
    { "flag i", with = { "x", "^de$", flags = "i" }, given = { x = { "DE", "FR" } },
      fails = { 1 } },
    { "the empty pattern matches all", with = { "x", "" }, given = { x = { "", "a" } },
      fails = { 1, 2 } },
    { "numbers are read as text", with = { "x", "^1" }, given = { x = { 10, 20 } }, fails = { 1 } },
    { "a bad pattern is an error", with = { "x", "(" }, given = { x = { "a" } },
      verdict = "error" },
    { "an unknown flag is an error", with = { "x", "a", flags = "q" }, given = { x = { "a" } },
      verdict = "error" },
  },
}
