-- rules/distribution/wasserstein_below.lua: how far the values moved from a reference.

local function stdev(values)
  local sum, squares = 0, 0
  for _, v in ipairs(values) do sum = sum + v end
  local mean = sum / #values
  for _, v in ipairs(values) do squares = squares + (v - mean) ^ 2 end
  return math.sqrt(squares / (#values - 1))
end

return {
  doc       = "Wasserstein's distance between the values and a reference sample, in standard "
    .. "deviations of the reference, is at most max.",
  dimension = "distribution",
  params    = { "column column", "reference reference", "max number" },
  validate  = function(p)
    if #p.reference < 2 then return "the reference is a list of two numbers at least" end
  end,
  measure   = function(b, p) return b[p.column]:quantiles() end,
  judge     = function(m, p)
    local distance = m:wasserstein(p.reference)
    if not distance then return nil end
    local value = distance == 0 and 0 or distance / stdev(p.reference)
    return value <= p.max, { value = value, approx = m.approx or nil }
  end,
  tests     = {
    { "the end belongs", with = { "x", { 0, 1, 2 }, 1 }, given = { x = { 3, 2, 1, null } },
      verdict = "pass", observed = 1, evaluated = 3 },
    { "above max", with = { "x", { 0, 1, 2 }, 0.9 }, given = { x = { 1, 2, 3 } },
      verdict = "fail" },
    { "the same", with = { "x", { 0, 1 }, 0 }, given = { x = { 1, 0 } }, verdict = "pass",
      observed = 0 },
    { "the same constant", with = { "x", { 5, 5 }, 0 }, given = { x = { 5 } }, verdict = "pass",
      observed = 0 },
    { "different sizes", with = { "x", { 0, 2 }, 9 }, given = { x = { 1 } }, verdict = "pass",
      observed = math.sqrt(0.5) },
    { "no values fail", with = { "x", { 1, 2 }, 1 }, given = { x = { null } },
      types = { x = "float8" }, verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", { 1, 2 }, 1, empty = "skip" },
      given = { x = { null } }, types = { x = "float8" }, verdict = "skip" },
    { "a reference of one is an error", with = { "x", { 1 }, 1 }, given = { x = { 1 } },
      verdict = "error" },
    { "text is an error", with = { "x", { 1, 2 }, 1 }, given = { x = { "a" } },
      verdict = "error" },
  },
}
