-- rules/accuracy/quantiles_between.lua: quantiles lie in ranges.

local function bound(v)
  if v == null then return nil end
  return v
end

local function fault(q, range)
  if type(q) ~= "number" or q < 0 or q > 1 then return "a quantile is a number from 0 to 1" end
  if type(range) ~= "table" then return "a range is { min, max }" end
  local low, high = bound(range[1]), bound(range[2])
  for _, v in ipairs { low or 0, high or 0 } do
    if type(v) ~= "number" then return "the bounds of a range are numbers or null" end
  end
  if low and high and low > high then return "min is above max in a range" end
end

return {
  doc       = "The value at rank round((n - 1) q) of each quantile q lies in its range {min, max}.",
  dimension = "accuracy",
  params    = { "column column", "quantiles list", "ranges list" },
  validate  = function(p)
    if #p.quantiles ~= #p.ranges then return "give one range for each quantile" end
    for i, q in ipairs(p.quantiles) do
      local why = fault(q, p.ranges[i])
      if why then return why end
    end
  end,
  measure   = function(b, p) return b[p.column]:quantiles() end,
  judge     = function(m, p)
    if m.count == 0 then return nil end
    local values, good = {}, true
    for i, q in ipairs(p.quantiles) do
      local v = m:nearest(q)
      values[i] = v
      good = within(v, bound(p.ranges[i][1]), bound(p.ranges[i][2])) and good
    end
    local observed = { quantiles = p.quantiles, values = values }
    return good, { value = observed, approx = m.approx or nil }
  end,
  tests     = {
    { "both ends belong", with = { "x", { 0, 0.5, 1 }, { { 1, 1 }, { 2, 2 }, { 9, 9 } } },
      given = { x = { 9, 1, null, 2 } }, verdict = "pass", evaluated = 3 },
    { "half to even", with = { "x", { 0.5 }, { { 3, 3 } } }, given = { x = { 1, 2, 3, 4 } },
      verdict = "pass" },
    { "open ranges", with = { "x", { 0, 1 }, { { null, 1 }, { 2, null } } },
      given = { x = { 1, 2 } }, verdict = "pass" },
    { "one below is enough to fail", with = { "x", { 0, 1 }, { { 2, 3 }, { 1, 9 } } },
      given = { x = { 1, 2 } }, verdict = "fail" },
    { "above max", with = { "x", { 0, 1 }, { { 0, 3 }, { null, 1 } } }, given = { x = { 1, 2 } },
      verdict = "fail" },
    { "no values fail", with = { "x", { 0.5 }, { { 1, 2 } } }, given = { x = { null } },
      types = { x = "bigint" }, verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", { 0.5 }, { { 1, 2 } }, empty = "skip" },
      given = { x = { null } }, types = { x = "bigint" }, verdict = "skip" },
    { "a range too few is an error", with = { "x", { 0, 1 }, { { 1, 2 } } }, given = { x = { 1 } },
      verdict = "error" },
    { "a range too many is an error", with = { "x", { 0 }, { { 1, 2 }, { 1, 2 } } },
      given = { x = { 1 } }, verdict = "error" },
    { "min above max is an error", with = { "x", { 0 }, { { 2, 1 } } }, given = { x = { 1 } },
      verdict = "error" },
    { "a negative quantile is an error", with = { "x", { -0.1 }, { { 1, 2 } } },
      given = { x = { 1 } }, verdict = "error" },
    { "a quantile above 1 is an error", with = { "x", { 1.1 }, { { 1, 2 } } },
      given = { x = { 1 } }, verdict = "error" },
    { "a text bound is an error", with = { "x", { 0.5 }, { { "a", null } } },
      given = { x = { 1 } }, verdict = "error" },
    { "text is an error", with = { "x", { 0.5 }, { { 1, 2 } } }, given = { x = { "a" } },
      verdict = "error" },
  },
}
