-- rules/validity/matches_datetime_format.lua: a text is a time written by a pattern.
return {
  doc       = "Every text as a whole is a time that exists, written by the strptime pattern.",
  dimension = "validity",
  params    = { "column column", "format text" },
  validate  = function(p)
    if not p.format:find("%", 1, true) then
      return "the format '" .. p.format .. "' has no directive such as %Y"
    end
  end,
  check     = function(b, p) return b[p.column]:parses(p.format) end,
  reason    = "{column}: {} is not written as {format}",
  tests     = {
    { "days that do not exist fail", with = { "x", "%Y-%m-%d" },
      given = { x = { "2026-04-30", "2026-04-31", "2026-02-29", "30.04.2026", null } },
      fails = { 2, 3, 4 }, evaluated = 4, reasons = { "x: 2026-04-31 is not written as %Y-%m-%d",
        "x: 2026-02-29 is not written as %Y-%m-%d", "x: 30.04.2026 is not written as %Y-%m-%d" } },
    { "the whole text", with = { "x", "%H:%M" }, given = { x = { "12:30", "12:30:00", " 12:30" } },
      fails = { 2, 3 } },
    { "weeks and their days", with = { "x", "%G-W%V-%u" },
      given = { x = { "2026-W05-3", "2026-W54-1", "2020-W53-7", "2026-W05-8" } },
      fails = { 2, 4 } },
    { "a number is no text", with = { "x", "%Y" }, given = { x = { 2026 } }, verdict = "error" },
    { "%D is no directive", with = { "x", "%D" }, given = { x = { "01/31/26" } },
      verdict = "error" },
    { "a format without directives is an error", with = { "x", "date" }, given = { x = { "a" } },
      verdict = "error" },
  },
}
