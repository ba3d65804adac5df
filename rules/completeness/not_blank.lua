-- rules/completeness/not_blank.lua: text that is empty or only spaces.
return {
  doc       = "The text is neither empty nor only white space; null is not judged here.",
  dimension = "completeness",
  params    = { "column column", "trim flag = true" },
  check     = function(b, p)
    local text = b[p.column]
    return (p.trim and text:trim() or text):ne("")
  end,
  reason    = "{column}: blank",
  tests     = {
    { "spaces count as blank", with = { "x" }, given = { x = { "a", "", "  ", "\t\n", null } },
      fails = { 2, 3, 4 }, evaluated = 4, reasons = { "x: blank", "x: blank", "x: blank" } },
    { "unless they are not trimmed", with = { "x", trim = false },
      given = { x = { "a", "", " " } }, fails = { 2 } },
    { "a number is an error", with = { "x" }, given = { x = { 1 } }, verdict = "error" },
    { "and not trimmed too", with = { "x", false }, given = { x = { 1 } }, verdict = "error" },
  },
}
