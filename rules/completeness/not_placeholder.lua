-- rules/completeness/not_placeholder.lua: a text that stands for "missing".

-- ASCII only, as column:lower().
local function lowered(values)
  local out = {}
  for i, v in ipairs(values) do out[i] = v:lower() end
  return out
end

return {
  doc       = "No text is a placeholder such as N/A; spaces around it do not matter.",
  dimension = "completeness",
  params    = { "column column", { "values texts", { "N/A", "null", "none", "-", "TBD" } },
    "ci flag = true" },
  check     = function(b, p)
    local text = b[p.column]:trim()
    if p.ci then return ~text:lower():is_in(lowered(p.values)) end
    return ~text:is_in(p.values)
  end,
  reason    = "{column}: {} stands for a missing value",
  tests     = {
    { "coded nulls fail", with = { "x" },
      given = { x = { "a", "n/a", " NULL ", "-", "tbd", "None", "nonesuch", "", null } },
      fails = { 2, 3, 4, 5, 6 }, evaluated = 8 },
    { "they are shown", with = { "x" }, given = { x = { "n/a" } }, fails = { 1 },
      reasons = { "x: n/a stands for a missing value" } },
    { "own ones", with = { "x", { "?", "99" } }, given = { x = { "?", "99", "N/A" } },
      fails = { 1, 2 } },
    { "case may matter", with = { "x", "N/A", ci = false }, given = { x = { "N/A", "n/a" } },
      fails = { 1 } },
    { "a number is an error", with = { "x" }, given = { x = { 1 } }, verdict = "error" },
  },
}
