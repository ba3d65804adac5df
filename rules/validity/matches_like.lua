-- rules/validity/matches_like.lua: a value matches an SQL LIKE pattern, or does not.
return {
  doc       = "Every value as a whole matches the LIKE pattern: % any, _ one character.",
  dimension = "validity",
  params    = { "column column", "pattern text", "negate flag = false" },
  aliases   = { not_matches_like = { negate = true } },
  check     = function(b, p)
    local found = b[p.column]:like(p.pattern)
    if p.negate then return ~found end
    return found
  end,
  reason    = "{column}: {} against LIKE {pattern}",
  tests     = {
    { "the whole text", with = { "x", "a_c%" },
      given = { x = { "abc", "abcd", "xabc", "ac", null } },
      fails = { 3, 4 }, evaluated = 4, reasons = { "x: xabc against LIKE a_c%",
        "x: ac against LIKE a_c%" } },
    { "negated", with = { "x", "a%", negate = true }, given = { x = { "a", "b", null } },
      fails = { 1 }, evaluated = 2 },
    { "brackets are plain", with = { "x", "[a]" }, given = { x = { "a", "[a]" } }, fails = { 1 } },
    { "a backslash escapes", with = { "x", "50\\%" }, given = { x = { "50%", "500" } },
      fails = { 2 } },
    { "numbers are read as text", with = { "x", "1%" }, given = { x = { 10, 20 } }, fails = { 2 } },
    { "a pattern is needed", with = { "x" }, given = { x = { "a" } }, verdict = "error" },
  },
}
