-- rules/validity/valid_json.lua: a text parses as JSON.
return {
  doc       = "Every value is a text that parses as JSON (RFC 8259, any top-level value).",
  dimension = "validity",
  params    = { "column column" },
  check     = function(b, p)
    local column = b[p.column]
    return column:of_type { "string" } & column:to_text():is_format("json")
  end,
  reason    = "{column}: {} is not JSON",
  tests     = {
    { "what does not parse fails", with = { "x" },
      given = { x = { "{}", "[1]", " 1 ", "{a:1}", "", "nul", null } }, fails = { 4, 5, 6 },
      evaluated = 6, reasons = { "x: {a:1} is not JSON", "x:  is not JSON", "x: nul is not JSON"
      } },
    { "a number is no text and fails", with = { "x" }, given = { x = { 1, null } }, fails = { 1 },
      evaluated = 1 },
    { "texts inside json", with = { "x" }, given = { x = { "{}", "{", 1, true } },
      fails = { 2, 3, 4 } },
  },
}
