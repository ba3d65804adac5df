-- rules/validity/length_equals.lua: a text has exactly so many characters.
return {
  doc       = "Every text has exactly so many characters (or bytes).",
  dimension = "validity",
  params    = { "column column", "value integer", "unit chars|bytes = chars" },
  check     = function(b, p) return b[p.column]:len(p.unit):eq(p.value) end,
  reason    = "{column}: the length of {} is not {value} {unit}",
  tests     = {
    { "shorter and longer fail", with = { "x", 2 }, given = { x = { "a", "ab", "abc", "", null } },
      fails = { 1, 3, 4 }, evaluated = 4, reasons = { "x: the length of a is not 2 chars",
        "x: the length of abc is not 2 chars", "x: the length of  is not 2 chars" } },
    { "characters are code points", with = { "x", 1 }, given = { x = { "é", "éé" } },
      fails = { 2 } },
    { "bytes", with = { "x", 2, unit = "bytes" }, given = { x = { "é", "e" } }, fails = { 2 } },
    { "a number has no length", with = { "x", 1 }, given = { x = { 1 } }, verdict = "error" },
    { "a length is a whole number", with = { "x", 1.5 }, given = { x = { "a" } },
      verdict = "error" },
  },
}
