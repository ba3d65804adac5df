-- rules/validity/not_in_set.lua: a value is none of those listed.

-- ASCII only, as column:lower().
local function lowered(set)
  local out = {}
  for i, v in ipairs(set) do out[i] = type(v) == "string" and v:lower() or v end
  return out
end

return {
  doc       = "No value is a member of the set.",
  dimension = "validity",
  params    = { "column column", "set set", "ci flag = false" },
  check     = function(b, p)
    local column = b[p.column]
    if p.ci then return ~column:lower():is_in(lowered(p.set)) end
    return ~column:is_in(p.set)
  end,
  reason    = "{column}: {} is one of {set}",
  tests     = {
    { "members fail", with = { "x", { "EUR", "USD" } },
      given = { x = { "EUR", "GBP", null, "eur" } },
      fails = { 1 }, evaluated = 3, reasons = { "x: EUR is one of {EUR, USD}" } },
    { "numbers compare by value", with = { "x", { 1, 2.0 } }, given = { x = { 1, 2, 3 } },
      fails = { 1, 2 } },
    { "case does not matter with ci", with = { "x", { "Eur", 1 }, ci = true },
      given = { x = { "eUR", "US" } }, fails = { 1 } },
    { "no set is an error", with = { "x" }, given = { x = { "a" } }, verdict = "error" },
    { "an empty set passes all", with = { "x", {} }, given = { x = { "a", null } }, fails = {},
      evaluated = 1, verdict = "pass" },
    { "a member of another type matches nothing", with = { "x", { 1 } }, given = { x = { "1" } },
      fails = {} },
    { "a null in the set matches nothing", with = { "x", { "a", null } },
      given = { x = { "a", "b", null } }, fails = { 1 }, evaluated = 2 },
  },
}
