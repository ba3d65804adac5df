-- rules/distribution/ks_p_above.lua: the values may come from a distribution.

-- Parameters in the order in which a list gives them; uniform { loc, scale } as a list.
local names = {
  norm = { "mean", "std_dev" }, uniform = { "min", "max" }, expon = { "loc", "scale" },
  chi2 = { "df", "loc", "scale" }, gamma = { "alpha", "loc", "scale" },
  beta = { "alpha", "beta", "loc", "scale" },
}
local defaults = { mean = 0, std_dev = 1, loc = 0, scale = 1 }

local function by_name(p)
  local named = {}
  for i, name in ipairs(names[p.distribution]) do
    local v = p.params[name]
    if v == nil then v = p.params[i] end
    if v == nil then v = defaults[name] end
    named[name] = v
  end
  if p.distribution == "uniform" and #p.params > 0 then
    named.min, named.max = p.params[1], p.params[1] + (p.params[2] or 1)
  end
  return named
end

-- loc, scale, shape, second shape.
local function arguments(p)
  local v = by_name(p)
  if p.distribution == "norm" then return v.mean, v.std_dev end
  if p.distribution == "uniform" then return v.min, v.max - v.min end
  return v.loc, v.scale, v.alpha or v.df, v.beta
end

return {
  doc       = "The p-value of the Kolmogorov-Smirnov test against a distribution is at least p: "
    .. "norm {mean, std_dev}, uniform {min, max}, expon {loc, scale}, chi2 {df, loc, scale}, "
    .. "gamma {alpha, loc, scale}, beta {alpha, beta, loc, scale}.",
  dimension = "distribution",
  params    = { "column column", "distribution norm|uniform|expon|chi2|gamma|beta", "params map",
    "p share = 0.05" },
  validate  = function(p)
    for name, v in pairs(by_name(p)) do
      if type(v) ~= "number" then return "params: " .. name .. " is no number" end
    end
    for _, name in ipairs(names[p.distribution]) do
      if by_name(p)[name] == nil then return "params: " .. name .. " is missing" end
    end
  end,
  measure   = function(b, p) return b[p.column]:quantiles() end,
  judge     = function(m, p)
    local _, value = m:ks(p.distribution, arguments(p))
    if not value then return nil end
    return value >= p.p, { value = value, approx = m.approx or nil }
  end,
  tests     = {
    { "normal", with = { "x", "norm", { mean = 0, std_dev = 1 } },
      given = { x = { -1.3, -0.7, -0.2, 0.1, 0.3, 0.9, 1.6, null } }, verdict = "pass",
      evaluated = 7 },
    { "another mean", with = { "x", "norm", { mean = 5, std_dev = 1 } },
      given = { x = { -1.3, -0.7, -0.2, 0.1, 0.3, 0.9, 1.6 } }, verdict = "fail" },
    { "uniform", with = { "x", "uniform", { min = 0, max = 4 } }, given = { x = { 1, 2, 3 } },
      verdict = "pass", observed = 35 / 36 },
    { "uniform as loc and scale", with = { "x", "uniform", { 1, 4 } }, given = { x = { 2, 3, 4 } },
      verdict = "pass", observed = 35 / 36 },
    { "the p-value itself passes", with = { "x", "uniform", { 0, 1 }, 0.5 },
      given = { x = { 0.75 } }, verdict = "pass", observed = 0.5 },
    { "exponential", with = { "x", "expon", { 0, 1 } }, given = { x = { 9, 9, 8, 7 } },
      verdict = "fail" },
    { "chi-square", with = { "x", "chi2", { df = 3 } }, given = { x = { 1, 2, 3, 5 } },
      verdict = "pass" },
    { "gamma", with = { "x", "gamma", { 2, 0, 1 } }, given = { x = { 1, 2, 3, 1.5 } },
      verdict = "pass" },
    { "beta", with = { "x", "beta", { alpha = 2, beta = 2 } }, given = { x = { 0.2, 0.5, 0.7 } },
      verdict = "pass" },
    { "no values fail", with = { "x", "norm", {} }, given = { x = { null } },
      types = { x = "float8" }, verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", "norm", {}, empty = "skip" },
      given = { x = { null } }, types = { x = "float8" }, verdict = "skip" },
    { "a missing parameter is an error", with = { "x", "chi2", {} }, given = { x = { 1 } },
      verdict = "error" },
    { "a scale of 0 is an error", with = { "x", "norm", { 0, 0 } }, given = { x = { 1 } },
      verdict = "error" },
    { "text is an error", with = { "x", "norm", {} }, given = { x = { "a" } }, verdict = "error" },
  },
}
