-- rules/validity/length_between.lua: a text is so long.
return {
  doc       = "Every text has between min and max characters (or bytes).",
  dimension = "validity",
  params    = { "column column", "min integer?", "max integer?", "unit chars|bytes = chars" },
  validate  = function(p)
    if p.min == nil and p.max == nil then return "give min, max or both" end
  end,
  check     = function(b, p)
    local length = b[p.column]:len(p.unit)
    if p.max == nil then return length:ge(p.min) end
    if p.min == nil then return length:le(p.max) end
    return length:ge(p.min) & length:le(p.max)
  end,
  reason    = {
    "{column}: the length of {} is not between {min} and {max} {unit}",
    "{column}: {} is shorter than {min} {unit}",
    "{column}: {} is longer than {max} {unit}",
  },
  tests     = {
    { "both ends belong", with = { "x", min = 1, max = 2 },
      given = { x = { "", "a", "ab", "abc", null } },
      fails = { 1, 4 }, evaluated = 4 },
    { "only min", with = { "x", min = 2 }, given = { x = { "a", "ab" } }, fails = { 1 },
      reasons = { "x: a is shorter than 2 chars" } },
    { "only max", with = { "x", max = 1 }, given = { x = { "a", "ab" } }, fails = { 2 },
      reasons = { "x: ab is longer than 1 chars" } },
    { "characters are code points", with = { "x", max = 1 }, given = { x = { "é", "日" } },
      fails = {} },
    { "bytes", with = { "x", max = 1, unit = "bytes" }, given = { x = { "e", "é" } },
      fails = { 2 } },
    { "min above max fails every row", with = { "x", min = 2, max = 1 },
      given = { x = { "a", "ab" } }, fails = { 1, 2 } },
    { "no bound is an error", with = { "x" }, given = { x = { "a" } }, verdict = "error" },
    { "a number has no length", with = { "x", min = 1 }, given = { x = { 1 } }, verdict = "error" },
    { "bounds are whole numbers", with = { "x", min = 1.5 }, given = { x = { "a" } },
      verdict = "error" },
  },
}
