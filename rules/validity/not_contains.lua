-- rules/validity/not_contains.lua: a text is free of certain characters.
local classes = {
  special   = "[^\\p{L}\\p{M}\\p{N}\\s\\p{Z}]",
  control   = "\\p{Cc}",
  non_ascii = "[^\\x{0}-\\x{7f}]",
  space     = "[\\s\\p{Z}]",
  digit     = "\\p{Nd}",
}

-- A pattern that finds one of the characters.
local function any_of(chars)
  local codes = {}
  for _, code in utf8.codes(chars) do codes[#codes + 1] = ("\\x{%x}"):format(code) end
  return "[" .. table.concat(codes) .. "]"
end

return {
  doc       = "No text holds one of the characters, or one of the class.",
  dimension = "validity",
  params    = { "column column", "chars text?", "class special|control|non_ascii|space|digit?" },
  validate  = function(p)
    if not (p.chars or p.class) then return "give chars or class" end
    if p.chars == "" or p.chars and not utf8.len(p.chars) then return "chars is a text" end
  end,
  check     = function(b, p)
    local column, found = b[p.column], nil
    if p.chars then found = column:matches(any_of(p.chars)) end
    if p.class then
      local of_class = column:matches(classes[p.class])
      found = found and found | of_class or of_class
    end
    return ~found
  end,
  reason    = {
    "{column}: {} holds one of {chars} or a character of class {class}",
    "{column}: {} holds one of {chars}",
    "{column}: {} holds a character of class {class}",
  },
  tests     = {
    { "characters", with = { "x", "]-é^" }, given = { x = { "a", "a-", "é", "]", "^", "", null } },
      fails = { 2, 3, 4, 5 }, evaluated = 6 },
    { "they are named", with = { "x", "ab" }, given = { x = { "cab" } }, fails = { 1 },
      reasons = { "x: cab holds one of ab" } },
    { "special ones", with = { "x", class = "special" }, given = { x = { "aé1 ", "a!", "a_" } },
      fails = { 2, 3 }, reasons = { "x: a! holds a character of class special",
        "x: a_ holds a character of class special" } },
    { "control ones", with = { "x", class = "control" }, given = { x = { "a b", "a\1", "a\n" } },
      fails = { 2, 3 } },
    { "those beyond ASCII", with = { "x", class = "non_ascii" }, given = { x = { "a~\127", "é" } },
      fails = { 2 } },
    { "spaces", with = { "x", class = "space" }, given = { x = { "ab", "a b", "a\u{a0}b" } },
      fails = { 2, 3 } },
    { "digits", with = { "x", class = "digit" }, given = { x = { "ab", "a1", "٣" } },
      fails = { 2, 3 } },
    { "either", with = { "x", "a", "digit" }, given = { x = { "a", "1", "b" } },
      fails = { 1, 2 }, reasons = { "x: a holds one of a or a character of class digit",
        "x: 1 holds one of a or a character of class digit" } },
    { "nothing given is an error", with = { "x" }, given = { x = { "a" } }, verdict = "error" },
    { "no characters are an error", with = { "x", "" }, given = { x = { "a" } },
      verdict = "error" },
  },
}
