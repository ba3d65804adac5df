-- rules/validity/parseable_datetime.lua: a text is a time in one of the named formats.
return {
  doc       = "Every text as a whole is a time in one of the formats: \"iso8601\" or strptime.",
  dimension = "validity",
  params    = { "column column", { "formats texts", { "iso8601" } } },
  validate  = function(p)
    for _, format in ipairs(p.formats) do
      if format ~= "iso8601" and not format:find("%", 1, true) then
        return "the format '" .. format .. "' is neither iso8601 nor a pattern such as %Y-%m-%d"
      end
    end
  end,
  check     = function(b, p)
    local column, out = b[p.column], nil
    for _, format in ipairs(p.formats) do
      local one = column:parses(format == "iso8601" and "timestamptz" or format)
      out = out and out | one or one
    end
    return out
  end,
  reason    = "{column}: {} is not a time in {formats}",
  tests     = {
    { "ISO 8601", with = { "x" },
      given = { x = { "2026-01-31", "2026-01-31T12:30:00+02:00", "31.01.2026", "", null } },
      fails = { 3, 4 }, evaluated = 4, reasons = { "x: 31.01.2026 is not a time in {iso8601}",
        "x:  is not a time in {iso8601}" } },
    { "one of several formats", with = { "x", { "iso8601", "%m/%d/%Y" } },
      given = { x = { "2026-01-31", "01/31/2026", "31/01/2026" } }, fails = { 3 } },
    { "the whole text", with = { "x", "%Y-%m-%d" }, given = { x = { "2026-01-31", "2026-01-31 " } },
      fails = { 2 } },
    { "a number is no text", with = { "x" }, given = { x = { 20260131 } }, verdict = "error" },
    { "an unknown format is an error", with = { "x", "rfc822" }, given = { x = { "a" } },
      verdict = "error" },
    { "an unknown directive is an error", with = { "x", "%D" }, given = { x = { "a" } },
      verdict = "error" },
  },
}
