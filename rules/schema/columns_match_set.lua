-- rules/schema/columns_match_set.lua: the columns are the ones listed.

-- The first name of one list that the other has not.
local function stranger(list, others)
  local known = {}
  for _, name in ipairs(others) do known[name] = true end
  for _, name in ipairs(list) do
    if not known[name] then return name end
  end
  return nil
end

local function same_order(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

return {
  doc       = "The columns are these; at least these unless exact; in this order if ordered.",
  dimension = "schema",
  depends   = "batch",
  params    = { "columns list?", "exact flag = true", "ordered flag = false" },
  aliases   = { columns_match_ordered = { ordered = true } },
  over      = "batch", -- the columns are the script's, there is nothing to sum up
  measure   = function(b) return { names = b:columns() } end,
  judge     = function(m, p)
    if p.columns == nil then return p.ordered or not p.exact, m.names end
    if p.ordered then return same_order(m.names, p.columns), m.names end
    if stranger(p.columns, m.names) then return false, m.names end
    return not p.exact or stranger(m.names, p.columns) == nil, m.names
  end,
  tests     = {
    { "the same set", with = { { "y", "x" } }, given = { x = { 1 }, y = { 1 } }, verdict = "pass",
      observed = { "x", "y" } },
    { "one more", with = { { "x" } }, given = { x = { 1 }, y = { 1 } }, verdict = "fail" },
    { "one more is allowed", with = { { "x" }, exact = false }, given = { x = { 1 }, y = { 1 } },
      verdict = "pass" },
    { "one less", with = { { "x", "y" } }, given = { x = { 1 } }, verdict = "fail" },
    { "one less, not exact", with = { { "x", "y" }, exact = false }, given = { x = { 1 } },
      verdict = "fail" },
    { "in order", with = { { "x", "y" }, ordered = true }, given = { x = { 1 }, y = { 1 } },
      verdict = "pass" },
    { "in another order", with = { { "y", "x" }, ordered = true }, given = { x = { 1 }, y = { 1 } },
      verdict = "fail" },
    { "in order, one more", with = { { "x" }, ordered = true }, given = { x = { 1 }, y = { 1 } },
      verdict = "fail" },
    { "in order, one less", with = { { "x", "y" }, ordered = true }, given = { x = { 1 } },
      verdict = "fail" },
    { "no list fails", given = { x = { 1 } }, verdict = "fail" },
    { "no list, not exact", with = { exact = false }, given = { x = { 1 } }, verdict = "pass" },
    { "no list, ordered", with = { ordered = true }, given = { x = { 1 } }, verdict = "pass" },
  },
}
