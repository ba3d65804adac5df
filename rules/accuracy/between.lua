-- rules/accuracy/between.lua: a value lies between two bounds.

-- Texts that can be ordered as they stand: of a text column, or of one length as dates and
-- instants in UTC are.
local function comparable(min, max, kind)
  if type(min) ~= type(max) then return false end
  if type(min) == "number" then return true end
  return type(min) == "string" and (kind == "text" or #min == #max and not min:find("[+]"))
end

return {
  doc       = "Every value lies between min and max; the ends belong unless they are excluded.",
  dimension = "accuracy",
  params    = { "column column", "min value?", "max value?", "exclusive_min flag = false",
    "exclusive_max flag = false" },
  validate  = function(p, types)
    if p.min == nil and p.max == nil then return "give min, max or both" end
    if comparable(p.min, p.max, types[p.column]) and p.min > p.max then
      return "min is above max: no value can pass"
    end
  end,
  check     = function(b, p)
    return b[p.column]:between(p.min, p.max, p.exclusive_min, p.exclusive_max)
  end,
  reason    = {
    "{column}: {} is not between {min} and {max}",
    "{column}: {} is below min {min}",
    "{column}: {} is above max {max}",
  },
  tests     = {
    { "both ends belong", with = { "x", min = 1, max = 3 }, given = { x = { 0, 1, 3, 4, null } },
      fails = { 1, 4 }, evaluated = 4,
      reasons = { "x: 0 is not between 1 and 3", "x: 4 is not between 1 and 3" } },
    { "only min", with = { "x", min = 1 }, given = { x = { 0, 1, 99 } }, fails = { 1 },
      reasons = { "x: 0 is below min 1" } },
    { "only max", with = { "x", max = 3 }, given = { x = { -9, 3, 4 } }, fails = { 3 },
      reasons = { "x: 4 is above max 3" } },
    { "an excluded min fails", with = { "x", min = 1, max = 3, exclusive_min = true },
      given = { x = { 1, 2, 3 } }, fails = { 1 } },
    { "an excluded max fails", with = { "x", min = 1, max = 3, exclusive_max = true },
      given = { x = { 1, 2, 3 } }, fails = { 3 } },
    { "numeric is exact", with = { "x", max = 0.1 }, given = { x = { "0.1", "0.11" } },
      types = { x = "numeric(12,2)" }, fails = { 2 } },
    { "text compares byte by byte", with = { "x", min = "b", max = "d" },
      given = { x = { "a", "b", "d", "da" } }, fails = { 1, 4 } },
    { "instants", with = { "x", min = "2026-01-01T00:00:01Z" },
      given = { x = at("0s", "1s", "2s") }, fails = { 1 } },
    { "mostly", with = { "x", min = 1, mostly = 0.5 }, given = { x = { 0, 1 } }, fails = { 1 },
      verdict = "pass" },
    { "one more than mostly allows", with = { "x", min = 1, mostly = 0.6 },
      given = { x = { 0, 1 } }, fails = { 1 }, verdict = "fail" },
    { "equal bounds are one value", with = { "x", min = 2, max = 2 }, given = { x = { 1, 2, 3 } },
      fails = { 1, 3 } },
    { "no bound is an error", with = { "x" }, given = { x = { 1 } }, verdict = "error" },
    { "min above max is an error", with = { "x", min = 2, max = 1 }, given = { x = { 1 } },
      verdict = "error" },
    { "texts are ordered, whatever their length", with = { "x", min = "b", max = "aa" },
      given = { x = { "a" } }, verdict = "error" },
    { "instants in the wrong order", given = { x = at("0s") }, verdict = "error",
      with = { "x", min = "2026-01-02T00:00:00Z", max = "2026-01-01T00:00:00Z" } },
    { "text against a number is an error", with = { "x", min = 1 }, given = { x = { "a" } },
      verdict = "error" },
  },
}
