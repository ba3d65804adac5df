-- rules/consistency/cramers_v_below.lua: two columns are hardly associated.

-- Numbers by equal widths between the smallest and the largest.
local function by_width(c, n)
  local low, high = c:min().value, c:max().value
  local f = c:cast("float8")
  if not low or low == high then return f end
  return least(((f - low) * (n / (high - low))):floor(), n - 1)
end

-- Numbers by given edges: the number of the cell, the last one closed on the right.
local function by_edges(c, edges)
  local f = c:cast("float8")
  local cell = when(f:lt(edges[1]), 0, 1)
  for i = 2, #edges - 1 do cell = when(f:ge(edges[i]), i, cell) end
  return when(f:gt(edges[#edges]), #edges, cell):where(f:not_null())
end

-- Other values by given lists of them.
local function by_lists(c, lists)
  local cell = when(c:is_in(lists[1]), 1, 0)
  for i = 2, #lists do cell = when(c:is_in(lists[i]), i, cell) end
  return cell:where(c:not_null())
end

-- The n most frequent values, the others as one.
local function by_frequency(c, n)
  local text = c:cast("text")
  local top = {}
  for i, item in ipairs(text:counts():list(n)) do top[i] = item[1] end
  return when(text:is_in(top), text, "(other)"):where(text:not_null())
end

local function cells(c, n, bins)
  if bins and type(bins[1]) == "table" then return by_lists(c, bins) end
  if bins then return by_edges(c, bins) end
  local kind = tostring(c):match("^column (%a+)")
  local numbers = { smallint = 1, integer = 1, bigint = 1, real = 1, double = 1, numeric = 1 }
  return numbers[kind] and by_width(c, n) or by_frequency(c, n)
end

-- Counts by cell, sums by row and column, in a fixed order.
local function table_of(m)
  local t = { rows = {}, columns = {}, cells = {}, row_names = {}, column_names = {} }
  for _, item in ipairs(m:list()) do
    local r, c, n = tostring(item[1][1]), tostring(item[1][2]), item[2]
    if not t.rows[r] then t.row_names[#t.row_names + 1] = r end
    if not t.columns[c] then t.column_names[#t.column_names + 1] = c end
    t.rows[r], t.columns[c] = (t.rows[r] or 0) + n, (t.columns[c] or 0) + n
    t.cells[r .. "\0" .. c] = n
  end
  return t
end

local function chi_square(t, n)
  local sum = 0
  local yates = #t.row_names == 2 and #t.column_names == 2
  for _, r in ipairs(t.row_names) do
    for _, c in ipairs(t.column_names) do
      local due = t.rows[r] * t.columns[c] / n
      local off = math.abs((t.cells[r .. "\0" .. c] or 0) - due)
      if yates then off = off - math.min(0.5, off) end
      sum = sum + off ^ 2 / due
    end
  end
  return sum
end

local function is_bins(bins)
  return bins == nil or #bins > 1 or type(bins[1]) == "table"
end

return {
  doc       = "Cramer's V = sqrt(chi2 / n / (min(rows, columns) - 1)) of two columns is at most "
    .. "max, Yates-corrected for 2 x 2. Numbers go into equal-width bins, other values by "
    .. "frequency, the rest pooled; bins are edges or lists of values that share a cell; nulls "
    .. "are a cell.",
  dimension = "consistency",
  params    = { "a column", "b column", "max number = 0.1", "n_bins_a integer = 10",
    "n_bins_b integer = 10", "bins_a list?", "bins_b list?" },
  validate  = function(p)
    for _, n in ipairs { p.n_bins_a, p.n_bins_b } do
      if n < 2 or n > 100 then return "2 to 100 bins" end
    end
    if not is_bins(p.bins_a) or not is_bins(p.bins_b) then return "bins are two edges at least" end
  end,
  measure   = function(b, p)
    return key(cells(b[p.a], p.n_bins_a, p.bins_a), cells(b[p.b], p.n_bins_b, p.bins_b)):counts()
  end,
  judge     = function(m, p)
    if m.count == 0 then return nil end
    local t = table_of(m)
    local least_side = math.min(#t.row_names, #t.column_names)
    if least_side == 1 then return true, 0 end
    local v = math.sqrt(chi_square(t, m.count) / m.count / (least_side - 1))
    return v <= p.max, v
  end,
  tests     = {
    { "independent", with = { "x", "y", 0 },
      given = { x = { 1, 2, 3, 1, 2, 3 }, y = { "a", "a", "a", "b", "b", "b" } },
      verdict = "pass", observed = 0, evaluated = 6 },
    { "the same", with = { "x", "y", 0.99 },
      given = { x = { 1, 2, 3 }, y = { "a", "b", "c" } }, verdict = "fail", observed = 1 },
    { "the end belongs", with = { "x", "y", 1 }, given = { x = { 1, 2, 3 }, y = { "a", "b", "c" } },
      verdict = "pass" },
    { "corrected for two by two", with = { "x", "y", 0.5 },
      given = { x = { 1, 1, 2, 2 }, y = { "a", "a", "b", "b" } }, verdict = "pass",
      observed = 0.5 },
    { "a constant", with = { "x", "y", 0 }, given = { x = { 1, 2 }, y = { "a", "a" } },
      verdict = "pass", observed = 0 },
    { "nulls are a cell", with = { "x", "y" },
      given = { x = { 1, 2, 3, null }, y = { "a", "b", "c", null } }, verdict = "fail",
      observed = 1 },
    { "rare values are pooled", with = { "x", "y", n_bins_b = 2 },
      given = { x = { 1, 1, 2, 2, 3, 3 }, y = { "a", "a", "b", "b", "c", "d" } },
      verdict = "fail", observed = 1 },
    { "numbers go into bins of equal width", with = { "x", "y", 0.5, n_bins_a = 2 },
      given = { x = { 0, 1, 9, 10 }, y = { "a", "a", "b", "b" } }, verdict = "pass",
      observed = 0.5 },
    { "as many as bins are not", with = { "x", "y", n_bins_b = 3 },
      given = { x = { 1, 1, 2, 3 }, y = { "a", "a", "b", "c" } }, verdict = "fail",
      observed = 1 },
    { "edges", with = { "x", "y", 0, bins_a = { 0, 2, 3 } },
      given = { x = { 0, 1, 2, 3, 1, 3 }, y = { "a", "a", "a", "b", "b", "a" } },
      verdict = "pass", observed = 0 },
    { "what lies outside is two more cells", with = { "x", "y", bins_a = { 1, 2, 3 } },
      given = { x = { 0, 1, 2, 3, 4 }, y = { "a", "b", "c", "c", "d" } }, verdict = "fail",
      observed = 1 },
    { "lists of values", with = { "x", "y", bins_b = { { "a", "b" }, { "c" } } },
      given = { x = { 1, 1, 2, 3 }, y = { "a", "b", "c", "z" } }, verdict = "fail",
      observed = 1 },
    { "no rows fail", with = { "x", "y" }, given = { x = {}, y = {} }, verdict = "fail",
      observed = null },
    { "no rows may be skipped", with = { "x", "y", empty = "skip" }, given = { x = {}, y = {} },
      verdict = "skip" },
    { "one bin is an error", with = { "x", "y", n_bins_a = 1 }, given = { x = { 1 }, y = { 1 } },
      verdict = "error" },
    { "two are none, nor are 100", with = { "x", "y", n_bins_a = 2, n_bins_b = 100 },
      given = { x = { 1 }, y = { 1 } }, verdict = "pass" },
    { "too many bins are an error", with = { "x", "y", n_bins_b = 101 },
      given = { x = { 1 }, y = { 1 } }, verdict = "error" },
    { "one edge is an error", with = { "x", "y", bins_a = { 1 } }, given = { x = { 1 }, y = { 1 } },
      verdict = "error" },
  },
}
