-- rules/distribution/drift_chi2.lua: categories occur as often as in a reference.

-- { observed, expected weight } by value, in the order of the values; rows of the reference.
local function cells_of(m, reference)
  local weights, order = {}, {}
  for i, v in ipairs(reference.values or reference) do
    if not weights[v] then order[#order + 1] = v end
    local weight = reference.weights and reference.weights[i] or 1 / #reference
    weights[v] = (weights[v] or 0) + weight
  end
  local cells, others = {}, m.count
  for i, v in ipairs(order) do
    cells[i] = { m:of(v), weights[v] }
    others = others - cells[i][1]
  end
  if others > 0 then cells[#cells + 1] = { others, 0 } end
  return cells, reference.n or not reference.weights and #reference or nil
end

-- The expected counts of both sides of a cell; the reference's is nil when it is exact.
local function due_of(cell, n, rows)
  if not rows then return n * cell[2] end
  local share = (cell[1] + rows * cell[2]) / (n + rows)
  return n * share, rows * share
end

-- Cells of which too little is expected become one.
local function merged(cells, n, rows, least_due)
  local kept, rest = {}, { 0, 0 }
  for _, cell in ipairs(cells) do
    local due, theirs = due_of(cell, n, rows)
    if math.min(due, theirs or due) >= least_due then
      kept[#kept + 1] = cell
    else
      rest[1], rest[2] = rest[1] + cell[1], rest[2] + cell[2]
    end
  end
  if rest[1] > 0 or rest[2] > 0 then kept[#kept + 1] = rest end
  return kept
end

local function chi_square(cells, n, rows)
  local sum = 0
  for _, cell in ipairs(cells) do
    local due, theirs = due_of(cell, n, rows)
    if due == 0 then return math.huge end
    sum = sum + (cell[1] - due) ^ 2 / due
    if theirs then sum = sum + (rows * cell[2] - theirs) ^ 2 / theirs end
  end
  return sum
end

return {
  doc       = "The p-value of Pearson's chi-square test against a reference is alpha at least. The "
    .. "reference is a list of values (then both samples vary), or { values, weights, n }; cells "
    .. "of which fewer than min_expected are due are merged.",
  dimension = "distribution",
  params    = { "column column", "reference reference", "alpha number = 0.003",
    "min_expected number = 5" },
  validate  = function(p)
    if p.reference.bins then return "the reference has bins: categories are due" end
    if p.reference.weights and #p.reference.weights ~= #p.reference.values then
      return "one weight for each value is due"
    end
  end,
  measure   = function(b, p) return b[p.column]:counts() end,
  judge     = function(m, p)
    if m.count == 0 then return nil end
    local cells, rows = cells_of(m, p.reference)
    cells = merged(cells, m.count, rows, p.min_expected)
    local value = 1
    if #cells > 1 then value = chi2_above(chi_square(cells, m.count, rows), #cells - 1) end
    return value >= p.alpha, { value = value, approx = m.approx or nil }
  end,
  tests     = {
    { "the same", with = { "x", { "a", "b" }, 0.9, 0 }, given = { x = { "b", "a", null } },
      verdict = "pass", observed = 1, evaluated = 2 },
    { "against weights", with = { "x", { values = { "a", "b" }, weights = { 0.5, 0.5 } }, 0.05, 4 },
      given = { x = { "a", "a", "a", "a", "a", "a", "a", "a" } }, verdict = "fail",
      observed = 0.004677734981047266 },
    { "too few for that", with = { "x", { values = { "a", "b" }, weights = { 0.5, 0.5 } }, 0.05 },
      given = { x = { "a", "a", "a", "a", "a", "a", "a", "a" } }, verdict = "pass",
      observed = 1 },
    { "against a sample, both vary", with = { "x", { "a", "b", "a", "b" }, 0.05, 1 },
      given = { x = { "a", "a", "a", "a" } }, verdict = "pass", observed = 0.10247043485974938 },
    { "alpha itself passes", with = { "x", { "a" }, 1 }, given = { x = { "a" } },
      verdict = "pass" },
    { "small cells are merged", with = { "x", { values = { "a", "b", "c" },
        weights = { 0.5, 0.25, 0.25 } }, 0.3, 2 }, given = { x = { "a", "a", "a", "b" } },
      verdict = "pass", observed = 0.31731050786291415 },
    { "values not known are one cell", with = { "x", { values = { "a" }, weights = { 1 } },
        0.5, 0 }, given = { x = { "a", "y", "z" } }, verdict = "fail", observed = 0 },
    { "weights of so many rows", with = { "x", { values = { "a", "b" }, weights = { 0.5, 0.5 },
        n = 4 }, 0.05, 1 }, given = { x = { "a", "a", "a", "a" } }, verdict = "pass",
      observed = 0.10247043485974938 },
    { "no values fail", with = { "x", { "a" } }, given = { x = { null } }, verdict = "fail",
      observed = null },
    { "no values may be skipped", with = { "x", { "a" }, empty = "skip" }, given = { x = { null } },
      verdict = "skip" },
    { "bins are an error", with = { "x", { bins = { 0, 1 }, weights = { 1 } } },
      given = { x = { "a" } }, verdict = "error" },
    { "a weight too few is an error", with = { "x", { values = { "a", "b" }, weights = { 1 } } },
      given = { x = { "a" } }, verdict = "error" },
  },
}
