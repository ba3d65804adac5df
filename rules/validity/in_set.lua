-- rules/validity/in_set.lua: a value is one of those listed.

-- ASCII only, as column:lower().
local function lowered(set)
  local out = {}
  for i, v in ipairs(set) do out[i] = type(v) == "string" and v:lower() or v end
  return out
end

return {
  doc       = "Every value is a member of the set.",
  dimension = "validity",
  params    = { "column column", "set set?", "ci flag = false" },
  check     = function(b, p)
    local column = b[p.column]
    if p.set == nil then return column:not_null():where(column:not_null()) end
    if p.ci then return column:lower():is_in(lowered(p.set)) end
    return column:is_in(p.set)
  end,
  reason    = { "{column}: {} is not in {set}" },
  tests     = {
    { "members pass", with = { "x", { "EUR", "USD" } },
      given = { x = { "EUR", "GBP", null, "eur" } },
      fails = { 2, 4 }, evaluated = 3, reasons = { "x: GBP is not in {EUR, USD}",
        "x: eur is not in {EUR, USD}" } },
    { "numbers compare by value", with = { "x", { 1, 2.0 } }, given = { x = { 1, 2, 3 } },
      fails = { 3 } },
    { "case does not matter with ci", with = { "x", { "Eur" }, ci = true },
      given = { x = { "eUR", "US" } }, fails = { 2 } },
    { "no set passes all", with = { "x" }, given = { x = { "a", null } }, fails = {},
      evaluated = 1, verdict = "pass" },
    { "an empty set fails all", with = { "x", {} }, given = { x = { "a", null } }, fails = { 1 },
      evaluated = 1 },
    { "a member of another type matches nothing", with = { "x", { 1 } }, given = { x = { "1" } },
      fails = { 1 } },
    { "a null in the set matches nothing", with = { "x", { "a", null } },
      given = { x = { "a", "b", null } }, fails = { 2 }, evaluated = 2 },
    { "a set is a list", with = { "x", "EUR" }, given = { x = { "EUR" } }, verdict = "error" },
  },
}
