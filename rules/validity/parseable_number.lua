-- rules/validity/parseable_number.lua: a text is a number, with the marks of its country.
local function is_mark(text)
  return text ~= "" and not text:find("[%w+-]")
end

return {
  doc       = "Every text as a whole is a number: sign, digits, fraction, exponent.",
  dimension = "validity",
  params    = { "column column", "decimal text = .", "group text?" },
  validate  = function(p)
    if not is_mark(p.decimal) or p.group and not is_mark(p.group) then
      return "decimal and group are marks such as '.' and ','"
    end
    if p.decimal == p.group then return "decimal and group are the same" end
  end,
  check     = function(b, p) return b[p.column]:is_number(p.decimal, p.group) end,
  reason    = "{column}: {} is not a number",
  tests     = {
    { "what else is there fails", with = { "x" },
      given = { x = { "1", "-1.5e3", ".5", "1,000", "", "abc", "1 ", "1e", null } },
      fails = { 4, 5, 6, 7, 8 }, evaluated = 8, reasons = { "x: 1,000 is not a number",
        "x:  is not a number", "x: abc is not a number", "x: 1  is not a number",
        "x: 1e is not a number" } },
    { "marks of a country", with = { "x", ",", "." },
      given = { x = { "1.234.567,89", "1234,5", "1.23", "1,234.5", "12.3456" } },
      fails = { 3, 4, 5 } },
    { "numbers pass", with = { "x" }, given = { x = { 1, null } }, fails = {}, evaluated = 1 },
    { "a boolean is no number", with = { "x" }, given = { x = { true } }, verdict = "error" },
    { "marks must differ", with = { "x", ".", "." }, given = { x = { "1" } }, verdict = "error" },
    { "a mark is no digit", with = { "x", "1" }, given = { x = { "1" } }, verdict = "error" },
    { "nor is the other", with = { "x", ".", "x" }, given = { x = { "1" } }, verdict = "error" },
    { "nor empty", with = { "x", ".", "" }, given = { x = { "1" } }, verdict = "error" },
  },
}
