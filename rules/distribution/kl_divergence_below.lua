-- rules/distribution/kl_divergence_below.lua: the distribution is near an expected one.

local function sum_of(list)
  local sum = 0
  for _, v in ipairs(list) do
    if type(v) ~= "number" or v < 0 then return nil end
    sum = sum + v
  end
  return sum
end

local function fault_of_bins(e, tail_holdout)
  if #e.bins ~= #e.weights + 1 then return "k weights need k + 1 edges" end
  for i = 2, #e.bins do
    if e.bins[i - 1] >= e.bins[i] then return "the edges must rise" end
  end
  local low, high = e.bins[1] == -math.huge, e.bins[#e.bins] == math.huge
  if e.tail_weights and (low or high) then return "an infinite edge leaves no tail for a weight" end
  if e.tail_weights and #e.tail_weights ~= 2 then return "tail_weights is { below, above }" end
  if tail_holdout == 0 then return nil end
  if e.tail_weights then return "tail_holdout and tail_weights exclude each other" end
  if low and high then return "infinite edges leave no tail for tail_holdout" end
end

local function fault_of(e, p)
  if type(e.weights) ~= "table" then return "expected has no weights" end
  local sum, tails = sum_of(e.weights), sum_of(e.tail_weights or {})
  if not sum or not tails then return "weights are numbers, 0 or more" end
  if not within(sum + tails, 1 - 1e-6, 1 + 1e-6) then
    return "the weights sum to " .. sum + tails .. ", not to 1"
  end
  if e.bins then return fault_of_bins(e, p.tail_holdout) end
  if type(e.values) ~= "table" or #e.values ~= #e.weights then
    return "expected is { values, weights } or { bins, weights, tail_weights }"
  end
  if p.internal_holdout > 0 then return "internal_holdout is for bins" end
end

-- { observed count, expected weight } of every bin, and of both tails.
local function by_bin(m, p)
  local e, cells = p.expected, {}
  local counts, zeros = m:cells(e.bins), 0
  for _, weight in ipairs(e.weights) do zeros = zeros + (weight == 0 and 1 or 0) end
  for i, weight in ipairs(e.weights) do
    local rest = 1 - p.tail_holdout - p.internal_holdout
    cells[i] = { counts[i + 1], weight > 0 and weight * rest or p.internal_holdout / zeros }
  end
  local low, high = e.bins[1] == -math.huge, e.bins[#e.bins] == math.huge
  local part = (low or high) and p.tail_holdout or p.tail_holdout / 2
  local tails = e.tail_weights or { low and 0 or part, high and 0 or part }
  cells[#cells + 1] = { counts[1], tails[1] }
  cells[#cells + 1] = { counts[#counts], tails[2] }
  return cells
end

local function by_value(m, p)
  local cells, known, others = {}, {}, {}
  for i, v in ipairs(p.expected.values) do
    known[v] = true
    cells[i] = { m:of(v), p.expected.weights[i] }
  end
  for _, item in ipairs(m:list()) do
    if not known[item[1]] then others[#others + 1] = item[2] end
  end
  if #others == 0 then return cells end
  for _, cell in ipairs(cells) do cell[2] = cell[2] * (1 - p.tail_holdout) end
  for _, n in ipairs(others) do cells[#cells + 1] = { n, p.tail_holdout / #others } end
  return cells
end

-- sum p ln(p / q), both normalised; infinite where q = 0 < p.
local function divergence(cells)
  local rows, weights, sum = 0, 0, 0
  for _, cell in ipairs(cells) do rows, weights = rows + cell[1], weights + cell[2] end
  for _, cell in ipairs(cells) do
    local share, due = cell[1] / rows, cell[2] / weights
    if share > 0 and due == 0 then return math.huge end
    if share > 0 then sum = sum + share * math.log(share / due) end
  end
  return sum
end

return {
  doc       = "sum p ln(p / q) of the observed shares p and the expected ones q is at most "
    .. "threshold. expected = { values, weights } or { bins, weights, tail_weights }; tail_holdout "
    .. "goes to what was never expected, internal_holdout to bins of weight 0.",
  dimension = "distribution",
  params    = { "column column", "expected map?", "threshold number? = 0.1",
    "tail_holdout number = 0", "internal_holdout number = 0" },
  validate  = function(p)
    for _, name in ipairs { "tail_holdout", "internal_holdout" } do
      if p[name] < 0 or p[name] >= 1 then return name .. " is a share from 0 to below 1" end
    end
    if p.expected then return fault_of(p.expected, p) end
  end,
  measure   = function(b, p)
    local c = b[p.column]
    if not p.expected then return b:count() end
    return p.expected.bins and c:quantiles() or c:counts()
  end,
  judge     = function(m, p)
    if not p.expected or not p.threshold then return true end
    if m.count == 0 then return nil end
    local value = divergence(p.expected.bins and by_bin(m, p) or by_value(m, p))
    if value == math.huge then return false end
    return value <= p.threshold, { value = math.max(0, value), approx = m.approx or nil }
  end,
  tests     = {
    { "as expected", with = { "x", { values = { "a", "b" }, weights = { 0.5, 0.5 } }, 0 },
      given = { x = { "a", "b", null } }, verdict = "pass", observed = 0, evaluated = 2 },
    { "other shares", with = { "x", { values = { "a", "b" }, weights = { 0.5, 0.5 } } },
      given = { x = { "a", "a", "a", "b" } }, verdict = "fail",
      observed = 0.75 * math.log(1.5) - 0.25 * math.log(2) },
    { "a value not expected", with = { "x", { values = { "a" }, weights = { 1 } }, 99 },
      given = { x = { "a", "z" } }, verdict = "fail", observed = null },
    { "a holdout for it", with = { "x", { values = { "a" }, weights = { 1 } }, 0, 0.5 },
      given = { x = { "a", "z" } }, verdict = "pass", observed = 0 },
    { "bins, the last closed on the right", with = { "x", { bins = { 0, 1, 2 },
        weights = { 0.5, 0.5 } }, 0 }, given = { x = { 0, 2 } }, verdict = "pass" },
    { "outside the bins", with = { "x", { bins = { 0, 1, 2 }, weights = { 0.5, 0.5 } }, 9 },
      given = { x = { 0, 2, 3 } }, verdict = "fail", observed = null },
    { "tails with weights", with = { "x", { bins = { 0, 1 }, weights = { 0.5 },
        tail_weights = { 0.25, 0.25 } }, 0 }, given = { x = { -1, 0, 1, 2 } }, verdict = "pass",
      observed = 0 },
    { "half a holdout to each tail", with = { "x", { bins = { 0, 1 }, weights = { 1 } }, 0, 0.5 },
      given = { x = { -1, 0, 1, 2 } }, verdict = "pass", observed = 0 },
    { "all of it to the one tail", with = { "x", { bins = { 0, math.huge }, weights = { 1 } }, 0,
        0.5 }, given = { x = { -1, 2 } }, verdict = "pass", observed = 0 },
    { "or to the other", with = { "x", { bins = { -math.huge, 0 }, weights = { 1 } }, 0, 0.5 },
      given = { x = { -1, 2 } }, verdict = "pass", observed = 0 },
    { "a holdout for empty bins", with = { "x", { bins = { 0, 1, 2 }, weights = { 0, 1 } }, 0, 0,
        0.5 }, given = { x = { 0.5, 1.5 } }, verdict = "pass", observed = 0 },
    { "empty bins share it", with = { "x", { bins = { 0, 1, 2, 3 }, weights = { 0, 0, 1 } }, 0, 0,
        0.5 }, given = { x = { 0.5, 1.5, 2.5, 2.5 } }, verdict = "pass", observed = 0 },
    { "tails of other shares", with = { "x", { bins = { 0, 1 }, weights = { 0.5 },
        tail_weights = { 0.25, 0.25 } } }, given = { x = { -1, -1, 0, 2 } }, verdict = "fail",
      observed = 0.25 * math.log(2) },
    { "nothing expected passes", with = { "x" }, given = { x = { 1 } }, verdict = "pass" },
    { "no values fail", with = { "x", { values = { "a" }, weights = { 1 } } },
      given = { x = { null } }, verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", { values = { "a" }, weights = { 1 } },
        empty = "skip" }, given = { x = { null } }, verdict = "skip" },
    { "weights that do not sum to 1", with = { "x", { values = { "a" }, weights = { 0.9 } } },
      given = { x = { "a" } }, verdict = "error" },
    { "weights that nearly do", with = { "x", { values = { "a" }, weights = { 0.9999999 } }, 0 },
      given = { x = { "a" } }, verdict = "pass" },
    { "tails count in the sum", with = { "x", { bins = { 0, 1 }, weights = { 1 },
        tail_weights = { 0.25, 0.25 } } }, given = { x = { 1 } }, verdict = "error" },
    { "a negative weight", with = { "x", { values = { "a", "b" }, weights = { 1.5, -0.5 } } },
      given = { x = { "a" } }, verdict = "error" },
    { "edges that fall, whatever comes", with = { "x", { bins = { 1, 0 }, weights = { 1 } } },
      given = { x = { null } }, types = { x = "float8" }, verdict = "error" },
    { "equal edges, whatever comes", with = { "x", { bins = { 1, 1 }, weights = { 1 } } },
      given = { x = { null } }, types = { x = "float8" }, verdict = "error" },
    { "an edge too few", with = { "x", { bins = { 1 }, weights = { 1 } } }, given = { x = { 1 } },
      verdict = "error" },
    { "holdout and tail weights", with = { "x", { bins = { 0, 1 }, weights = { 0.5 },
        tail_weights = { 0.25, 0.25 } }, 1, 0.1 }, given = { x = { 1 } }, verdict = "error" },
    { "holdout without a tail", with = { "x", { bins = { -math.huge, math.huge }, weights = { 1 } },
        1, 0.1 }, given = { x = { 1 } }, verdict = "error" },
    { "tail weights without a tail", with = { "x", { bins = { 0, math.huge }, weights = { 0.5 },
        tail_weights = { 0.25, 0.25 } } }, given = { x = { 1 } }, verdict = "error" },
    { "an internal holdout for values", with = { "x", { values = { "a" }, weights = { 1 } }, 1, 0,
        0.1 }, given = { x = { "a" } }, verdict = "error" },
    { "a holdout of all", with = { "x", { bins = { 0, 1 }, weights = { 1 } }, 1, 1 },
      given = { x = { 1 } }, verdict = "error" },
    { "a negative holdout", with = { "x", { bins = { 0, 1 }, weights = { 1 } }, 1, -0.1 },
      given = { x = { 1 } }, verdict = "error" },
    { "empty", with = { "x", {} }, given = { x = { 1 } }, verdict = "error" },
  },
}
