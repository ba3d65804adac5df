-- rules/validity/valid_text.lua: a text that a database takes and a person can read.
return {
  doc       = "Every text is valid UTF-8 without U+0000 and control characters but tab, LF, CR.",
  dimension = "validity",
  params    = { "column column", "allow_control flag = false", "allow_nul flag = false" },
  check     = function(b, p) return b[p.column]:is_clean(p.allow_control, p.allow_nul) end,
  reason    = "{column}: {} holds control characters or is not UTF-8",
  tests     = {
    { "control characters fail", with = { "x" },
      given = { x = { "a\tb\r\n", "a\1b", "a\127", "\u{85}", "é", "", null } },
      fails = { 2, 3, 4 }, evaluated = 6 },
    { "they are shown", with = { "x" }, given = { x = { "a\1b" } }, fails = { 1 },
      reasons = { "x: a\\x01b holds control characters or is not UTF-8" } },
    { "unless they are allowed", with = { "x", allow_control = true },
      given = { x = { "a\1b", "\u{85}" } }, fails = {} },
    { "a number is no text", with = { "x" }, given = { x = { 1 } }, verdict = "error" },
  },
}
