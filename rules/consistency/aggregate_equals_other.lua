-- rules/consistency/aggregate_equals_other.lua: a sum or mean agrees with what another table says.
local told = { rows = true, sum = true, mean = true, min = true, max = true }

-- "sum(amount)" -> "sum", "amount"
local function parts(metric)
  return metric.name:match("^(%a+)%(?(.-)%)?$")
end

local function allowed(tolerance, y)
  if type(tolerance) == "number" then return tolerance end
  return tonumber(tolerance:match("^(.*)%%$")) / 100 * math.abs(y)
end

return {
  doc       = "The metric equals factor times the same metric over the lookup's rows, give or take"
    .. " the tolerance: a number, or a share of the lookup's such as \"1%\".",
  dimension = "consistency",
  params    = {
    "metric measure", "table lookup", "factor number = 1", "tolerance value = 0",
  },
  validate  = function(p)
    local n = p.tolerance
    if type(n) == "string" then n = tonumber(n:match("^(.*)%%$")) end
    if type(n) ~= "number" or n < 0 then
      return "tolerance: a number from 0 or a share such as '1%' is due"
    end
    if not told[parts(p.metric)] then
      return "metric: rows, sum, mean, min or max is due: a lookup tells no others"
    end
  end,
  measure   = function(b, p)
    local other, name, column = lookup[p.table], parts(p.metric)
    return { x = p.metric.take(b), y = other[name](other, column) }
  end,
  judge     = function(m, p)
    local x = p.metric.value(m.x)
    if not m.y then return "skip" end
    if not x then return nil end
    local want = p.factor * m.y
    return math.abs(x - want) <= allowed(p.tolerance, m.y), { value = x, expected = want }
  end,
  tests     = {
    { "equal sums", with = { { sum = "x" }, "other" },
      lookups = { other = { a = { x = 1 }, b = { x = 2 } } },
      given = { x = { 3, null } }, verdict = "pass", observed = 3 },
    { "another sum", with = { { sum = "x" }, "other" },
      lookups = { other = { a = { x = 1 }, b = { x = 2 } } },
      given = { x = { 4 } }, verdict = "fail", observed = 4 },
    { "a factor", with = { { sum = "x" }, "other", 2 }, lookups = { other = { a = { x = 1.5 } } },
      given = { x = { 3 } }, verdict = "pass" },
    { "a tolerance belongs", with = { { mean = "x" }, "other", tolerance = 0.5 },
      lookups = { other = { a = { x = 2 }, b = { x = 3 } } },
      given = { x = { 3 } }, verdict = "pass" },
    { "beyond the tolerance", with = { { mean = "x" }, "other", tolerance = 0.25 },
      lookups = { other = { a = { x = 2 }, b = { x = 3 } } },
      given = { x = { 3 } }, verdict = "fail" },
    { "a share of a negative number", with = { { min = "x" }, "other", tolerance = "50%" },
      lookups = { other = { a = { x = -2 }, b = { x = 3 } } },
      given = { x = { -1, 5 } }, verdict = "pass", observed = -1 },
    { "beyond the share", with = { { max = "x" }, "other", tolerance = "10%" },
      lookups = { other = { a = { x = -2 }, b = { x = 3 } } },
      given = { x = { -1, 5 } }, verdict = "fail", observed = 5 },
    { "rows", with = { { rows = true }, "other" }, lookups = { other = { a = { x = 1 } } },
      given = { x = { null } }, verdict = "pass", observed = 1 },
    { "no values fail", with = { { sum = "x" }, "other" }, lookups = { other = { a = { x = 1 } } },
      types = { x = "bigint" }, given = { x = { null } }, verdict = "fail" },
    { "a lookup without values is not judged", with = { { sum = "x" }, "other" },
      lookups = { other = { a = { x = null } } }, given = { x = { 3 } }, verdict = "skip" },
    { "texts are an error", with = { { sum = "x" }, "other" },
      lookups = { other = { a = { x = "1" } } }, given = { x = { 3 } }, verdict = "error" },
    { "a metric that a lookup does not tell is an error", with = { { stdev = "x" }, "other" },
      lookups = { other = { a = { x = 1 } } }, given = { x = { 1 } }, verdict = "error" },
    { "a negative tolerance is an error", with = { { sum = "x" }, "other", tolerance = -1 },
      lookups = { other = { a = { x = 1 } } }, given = { x = { 1 } }, verdict = "error" },
    { "a column that the lookup does not have is an error", with = { { sum = "z" }, "other" },
      lookups = { other = { a = { x = 1 } } }, given = { z = { 1 } }, verdict = "error" },
  },
}
