-- rules/distribution/drift_psi.lua: the distribution is that of a reference, by the population
-- stability index.

-- Counts of both sides by value: { {a, r}, .. }, rows of the reference or nil.
local function by_value(m, reference)
  local cells, cell_of, unknown, rows = {}, {}, m.count, reference.n
  if not reference.weights then rows = #reference end
  for i, v in ipairs(reference.values or reference) do
    if not cell_of[v] then
      cell_of[v] = { m:of(v), 0 }
      cells[#cells + 1] = cell_of[v]
      unknown = unknown - cell_of[v][1]
    end
    cell_of[v][2] = cell_of[v][2] + (reference.weights and reference.weights[i] or 1 / rows)
  end
  if unknown > 0 then cells[#cells + 1] = { unknown, 0 } end
  return cells, rows
end

-- The same by quantile bins of the reference, or its own bins.
local function by_bin(m, reference, bins)
  local cells, edges = {}, reference.bins
  local weights, rows = reference.weights, reference.n
  if not edges then
    local sample = m:sample(reference)
    edges, weights, rows = {}, {}, #reference
    for i = 1, bins - 1 do
      local edge = sample:q(i / bins)
      if edge > (edges[#edges] or -math.huge) then edges[#edges + 1] = edge end
    end
    for i, n in ipairs(sample:cells(edges)) do weights[i] = n / rows end
  else
    weights = { 0, table.unpack(weights) }
    weights[#weights + 1] = 0
  end
  for i, n in ipairs(m:cells(edges)) do
    if n > 0 or weights[i] > 0 then cells[#cells + 1] = { n, weights[i] } end
  end
  return cells, rows
end

-- Empty cells count as half a row.
local function index_of(cells, n, rows)
  local psi = 0
  for _, cell in ipairs(cells) do
    local a = math.max(cell[1], 0.5) / n
    local r = math.max(cell[2], 0.5 / (rows or n))
    psi = psi + (a - r) * math.log(a / r)
  end
  return psi
end

local function limit_of(p, cells, n, rows)
  if p.threshold ~= "auto" then return p.threshold end
  local chance = chi2_limit(0.999, math.max(1, #cells - 1))
  return math.max(0.1, (1 / n + (rows and 1 / rows or 0)) * chance)
end

local function is_numbers(reference)
  return reference.bins ~= nil or type((reference.values or reference)[1]) == "number"
end

return {
  doc       = "sum (a - r) ln(a / r) over quantile bins of a reference sample (texts: by value) is "
    .. "at most threshold; auto = max(0.1, (1/n + 1/m) chi2(cells - 1, 0.999)). The reference is a "
    .. "list, or { values or bins, weights, n }.",
  dimension = "distribution",
  params    = { "column column", "reference reference", "bins integer = 10",
    { "threshold value", "auto" } },
  validate  = function(p)
    if p.bins < 2 then return "two bins at least" end
    if p.threshold ~= "auto" and type(p.threshold) ~= "number" then
      return "threshold is a number or 'auto'"
    end
    local bins = p.reference.bins
    if bins and #bins ~= #p.reference.weights + 1 then return "k weights need k + 1 edges" end
  end,
  measure   = function(b, p)
    local c = b[p.column]
    if is_numbers(p.reference) and not p.reference.values then return c:quantiles() end
    return c:counts()
  end,
  judge     = function(m, p)
    if m.count == 0 then return nil end
    local numbers = is_numbers(p.reference) and not p.reference.values
    local cells, rows
    if numbers then
      cells, rows = by_bin(m, p.reference, p.bins)
    else
      cells, rows = by_value(m, p.reference)
    end
    local psi, limit = index_of(cells, m.count, rows), limit_of(p, cells, m.count, rows)
    return psi <= limit, { value = psi, high = limit, approx = m.approx or nil }
  end,
  tests     = {
    { "the same texts", with = { "x", { "a", "a", "b", "b" } },
      given = { x = { "b", "a", "b", "a", null } }, verdict = "pass", observed = 0, evaluated = 4 },
    { "other shares", with = { "x", { values = { "a", "b" }, weights = { 0.5, 0.5 } },
        threshold = 0.5 }, given = { x = { "a", "a", "a", "b" } }, verdict = "pass",
      observed = 0.5 * math.log(3) / 2 },
    { "other shares, strictly", with = { "x", { values = { "a", "b" }, weights = { 0.5, 0.5 } },
        threshold = 0.27 }, given = { x = { "a", "a", "a", "b" } }, verdict = "fail" },
    { "few rows prove nothing", with = { "x", { values = { "a", "b" }, weights = { 0.5, 0.5 } } },
      given = { x = { "a", "a", "a", "b" } }, verdict = "pass" },
    { "a value that is new", with = { "x", { values = { "a" }, weights = { 1 } }, threshold = 0.1 },
      given = { x = { "a", "z" } }, verdict = "fail", observed = 0.75 * math.log(2) },
    { "the same shares of more rows", with = { "x", { "a", "b" } },
      given = { x = { "b", "a", "b", "a" } }, verdict = "pass", observed = 0 },
    { "the same numbers", with = { "x", { 1, 2, 3, 4, 5, 6, 7, 8 }, 4 },
      given = { x = { 8, 7, 6, 5, 4, 3, 2, 1 } }, verdict = "pass", observed = 0 },
    { "numbers that moved", with = { "x", { 1, 2, 3, 4, 5, 6, 7, 8 }, 4, threshold = 0.25 },
      given = { x = { 7, 8, 9, 10, 11, 12, 13, 14 } }, verdict = "fail" },
    { "bins and weights", with = { "x", { bins = { 0, 1, 2 }, weights = { 0.5, 0.5 } }, 2,
        threshold = 0 }, given = { x = { 0.5, 1.5 } }, verdict = "pass", observed = 0 },
    { "bins that are empty on both sides", with = { "x", { bins = { 0, 1, 2 },
        weights = { 0.5, 0.5 }, n = 2 } }, given = { x = { 0.5, 0.5, 1.5, 1.5 } }, verdict = "pass",
      observed = 0 },
    { "two equal bins are one", with = { "x", { 1, 1, 1, 1, 1, 2 }, 3 },
      given = { x = { 1, 1, 1, 1, 1, 2 } }, verdict = "pass", observed = 0 },
    { "no values fail", with = { "x", { "a" } }, given = { x = { null } }, verdict = "fail",
      observed = null },
    { "no values may be skipped", with = { "x", { "a" }, empty = "skip" }, given = { x = { null } },
      verdict = "skip" },
    { "one bin is an error", with = { "x", { 1 }, 1 }, given = { x = { 1 } }, verdict = "error" },
    { "too few edges are an error", with = { "x", { bins = { 0, 1 }, weights = { 0.5, 0.5 } } },
      given = { x = { 1 } }, verdict = "error" },
    { "a threshold in words is an error", with = { "x", { 1 }, threshold = "low" },
      given = { x = { 1 } }, verdict = "error" },
    { "text among numbers is an error", with = { "x", { 1 } }, given = { x = { "a" } },
      verdict = "error" },
  },
}
