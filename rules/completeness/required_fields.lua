-- rules/completeness/required_fields.lua: several values are there.
return {
  doc       = "Every one of the columns has a value; the reason names those that have none.",
  dimension = "completeness",
  params    = { "columns columns" },
  check     = function(b, p)
    local good, missing
    for _, name in ipairs(p.columns) do
      local there = b[name]:not_null()
      local text = when(there, "", ", " .. name)
      good = good and good & there or there
      missing = missing and missing .. text or text
    end
    return good, "missing: " .. missing:sub(3)
  end,
  tests     = {
    { "a null in any of them fails", with = { { "x", "y" } },
      given = { x = { 1, null, 3, null }, y = { "a", "b", null, null } }, fails = { 2, 3, 4 },
      evaluated = 4, reasons = { "missing: x", "missing: y", "missing: x, y" } },
    { "one column", with = { { "x" } }, given = { x = { 1, null } }, fails = { 2 },
      reasons = { "missing: x" } },
    { "no column is an error", with = { {} }, given = { x = { 1 } }, verdict = "error" },
    { "a missing column is an error", with = { { "x", "z" } }, given = { x = { 1 } },
      verdict = "error" },
  },
}
