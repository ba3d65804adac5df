-- rules/distribution/chi_square_p_above.lua: categories occur as often as expected.

local function weights_of(p, m)
  local list, unexpected = {}, m.count
  for i, v in ipairs(p.expected.values) do
    local n = m:of(v)
    list[i] = { n, p.expected.weights[i] }
    unexpected = unexpected - n
  end
  return list, unexpected
end

-- Values never expected share the holdout; without one they have no weight.
local function add_unexpected(list, p, m)
  local known = {}
  for _, v in ipairs(p.expected.values) do known[v] = true end
  local others = {}
  for _, item in ipairs(m:list()) do
    if not known[item[1]] then others[#others + 1] = item[2] end
  end
  for _, cell in ipairs(list) do cell[2] = cell[2] * (1 - p.tail_holdout) end
  for _, n in ipairs(others) do list[#list + 1] = { n, p.tail_holdout / #others } end
end

local function p_value(list, n)
  local sum = 0
  for _, cell in ipairs(list) do
    local due = n * cell[2]
    if due == 0 and cell[1] > 0 then return 0 end
    if due > 0 then sum = sum + (cell[1] - due) ^ 2 / due end
  end
  return #list > 1 and chi2_above(sum, #list - 1) or 1
end

return {
  doc       = "The p-value of Pearson's chi-square test against expected weights exceeds p; a "
    .. "value of expected weight 0 gives 0. Values never expected share tail_holdout.",
  dimension = "distribution",
  params    = { "column column", "expected map", "p share = 0.05", "tail_holdout share = 0" },
  validate  = function(p)
    local e = p.expected
    if type(e.values) ~= "table" or type(e.weights) ~= "table" or #e.values ~= #e.weights then
      return "expected is { values = {..}, weights = {..} }, equally many"
    end
    local sum = 0
    for _, weight in ipairs(e.weights) do
      if type(weight) ~= "number" or weight < 0 then return "weights are numbers, 0 or more" end
      sum = sum + weight
    end
    if not within(sum, 1 - 1e-6, 1 + 1e-6) then
      return "the weights sum to " .. sum .. ", not to 1"
    end
  end,
  measure   = function(b, p) return b[p.column]:counts() end,
  judge     = function(m, p)
    if m.count == 0 then return nil end
    local list, unexpected = weights_of(p, m)
    if unexpected > 0 then add_unexpected(list, p, m) end
    local value = p_value(list, m.count)
    return value > p.p, { value = value, approx = m.approx or nil }
  end,
  tests     = {
    { "as expected", with = { "x", { values = { "a", "b" }, weights = { 0.5, 0.5 } } },
      given = { x = { "a", "b", null } }, verdict = "pass", observed = 1, evaluated = 2 },
    { "not as expected", with = { "x", { values = { 1, 2 }, weights = { 0.5, 0.5 } } },
      given = { x = { 1, 1, 1, 1, 1, 1, 1, 1 } }, verdict = "fail",
      observed = 0.004677734981047266 },
    { "three categories", with = { "x", { values = { "a", "b", "c" },
        weights = { 0.5, 0.25, 0.25 } } }, given = { x = { "a", "a", "a", "b" } },
      verdict = "pass", observed = math.exp(-0.75) },
    { "a value not expected", with = { "x", { values = { "a" }, weights = { 1 } }, p = 0 },
      given = { x = { "a", "z" } }, verdict = "fail", observed = 0 },
    { "a holdout for it", with = { "x", { values = { "a" }, weights = { 1 } }, 0.05, 0.5 },
      given = { x = { "a", "z" } }, verdict = "pass", observed = 1 },
    { "a holdout that nobody needs", with = { "x", { values = { "a", "b" },
        weights = { 0.5, 0.5 } }, 0.05, 0.5 },
      given = { x = { "a", "b" } }, verdict = "pass", observed = 1 },
    { "one holdout beside what was expected", with = { "x", { values = { "a" }, weights = { 1 } },
        0.05, 0.5 }, given = { x = { "a", "a", "a", "z" } }, verdict = "pass",
      observed = 0.31731050786291415 },
    { "a weight of 0 that holds", with = { "x", { values = { "a", "b" }, weights = { 1, 0 } } },
      given = { x = { "a" } }, verdict = "pass", observed = 1 },
    { "one category", with = { "x", { values = { "a" }, weights = { 1 } } },
      given = { x = { "a" } }, verdict = "pass", observed = 1 },
    { "no values fail", with = { "x", { values = { "a" }, weights = { 1 } } },
      given = { x = { null } }, verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", { values = { "a" }, weights = { 1 } },
        empty = "skip" }, given = { x = { null } }, verdict = "skip" },
    { "weights that do not sum to 1", with = { "x", { values = { "a" }, weights = { 0.9 } } },
      given = { x = { "a" } }, verdict = "error" },
    { "weights that nearly do", with = { "x", { values = { "a" }, weights = { 0.9999999 } } },
      given = { x = { "a" } }, verdict = "pass", observed = 1 },
    { "a negative weight", with = { "x", { values = { "a", "b" }, weights = { 1.5, -0.5 } } },
      given = { x = { "a" } }, verdict = "error" },
    { "a weight that is no number", with = { "x", { values = { "a" }, weights = { "1" } } },
      given = { x = { "a" } }, verdict = "error" },
    { "bins are an error", with = { "x", { bins = { 0, 1 }, weights = { 1 } } },
      given = { x = { "a" } }, verdict = "error" },
    { "a weight too few is an error", with = { "x", { values = { "a", "b" }, weights = { 1 } } },
      given = { x = { "a" } }, verdict = "error" },
  },
}
