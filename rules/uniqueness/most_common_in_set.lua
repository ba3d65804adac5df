-- rules/uniqueness/most_common_in_set.lua: the most frequent value is one of a set.

-- The values that occur most often, and how often that is.
local function modes(m)
  local found, most = {}, 0
  for i, item in ipairs(m:list()) do
    if item[2] < most then break end
    most = item[2]
    found[i] = item[1]
  end
  return found, most
end

return {
  doc       = "The one most frequent value is in the set; a tie fails, or with ties_ok one tied "
    .. "value in the set is enough.",
  dimension = "uniqueness",
  params    = { "column column", "set set", "ties_ok flag = false" },
  measure   = function(b, p) return b[p.column]:counts() end,
  judge     = function(m, p)
    local found, most = modes(m)
    local hit = false
    for _, v in ipairs(p.set) do
      hit = hit or (most > 0 and m:of(v) == most)
    end
    local good = hit and (p.ties_ok or #found == 1)
    return good, { value = found, approx = m.approx or nil }
  end,
  tests     = {
    { "the one", with = { "x", { "a", "z" } },
      given = { x = { "b", "a", "a", null, null, null } },
      verdict = "pass", observed = { "a" }, evaluated = 3 },
    { "another", with = { "x", { "b" } }, given = { x = { "b", "a", "a" } }, verdict = "fail",
      observed = { "a" } },
    { "a tie", with = { "x", { 1, 2 } }, given = { x = { 2, 1, 1, 2, 3 } }, verdict = "fail",
      observed = { 1, 2 } },
    { "a tie that may be", with = { "x", { 2 }, ties_ok = true }, given = { x = { 2, 1, 1, 2, 3 } },
      verdict = "pass", observed = { 1, 2 } },
    { "a tie of others", with = { "x", { 3 }, ties_ok = true }, given = { x = { 2, 1, 1, 2, 3 } },
      verdict = "fail" },
    { "no values", with = { "x", { 1 }, ties_ok = true }, given = { x = { null } },
      types = { x = "bigint" }, verdict = "fail", observed = {} },
  },
}
