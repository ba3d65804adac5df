-- rules/uniqueness/distinct_contains_set.lua: the values that occur, compared with a set.

-- In their order; values that have none keep the order of the list, the most frequent first.
local function sorted(m)
  local values = {}
  for i, item in ipairs(m:list(1000)) do values[i] = item[1] end
  pcall(table.sort, values)
  return values
end

local function has_all(m, set)
  for _, v in ipairs(set) do
    if v ~= null and m:of(v) == 0 then return false end
  end
  return true
end

return {
  doc       = "The values that occur include all of the set (contains), are all in it (in), or "
    .. "both (equals). Nulls do not count, in the column nor in the set; no set passes.",
  dimension = "uniqueness",
  params    = { "column column", "set set?", "mode contains|equals|in = contains" },
  aliases   = { distinct_in_set = { mode = "in" }, distinct_equals_set = { mode = "equals" } },
  measure   = function(b, p)
    return { values = b[p.column]:counts(), inside = b[p.column]:is_in(p.set or {}):moments() }
  end,
  judge     = function(m, p)
    local good = true
    if p.set and p.mode ~= "in" then good = has_all(m.values, p.set) end
    if p.set and p.mode ~= "contains" then
      good = good and (m.inside.count == 0 or m.inside.mean == 1)
    end
    return good, { value = sorted(m.values), approx = m.values.approx or nil }
  end,
  tests     = {
    { "contains", with = { "x", { 1, 2, null } }, given = { x = { 2, 3, 1, 3, null } },
      verdict = "pass", observed = { 1, 2, 3 } },
    { "contains not", with = { "x", { 1, 9 } }, given = { x = { 1, 2 } }, verdict = "fail",
      observed = { 1, 2 } },
    { "in", with = { "x", { "a", "b", "b", "c" }, mode = "in" }, given = { x = { "b", "a", "b" } },
      verdict = "pass", observed = { "a", "b" } },
    { "in not", with = { "x", { "a" }, mode = "in" }, given = { x = { "b", "a" } },
      verdict = "fail" },
    { "equals", with = { "x", { 1, 2 }, mode = "equals" }, given = { x = { 2, 1.0, 2 } },
      verdict = "pass" },
    { "equals not, one missing", with = { "x", { 1, 2 }, mode = "equals" }, given = { x = { 1 } },
      verdict = "fail" },
    { "equals not, one too many", with = { "x", { 1 }, mode = "equals" },
      given = { x = { 1, 2 } }, verdict = "fail" },
    { "instants", with = { "x", { "2026-01-01T01:00:01+01:00" }, mode = "equals" },
      given = { x = at("1s", "1s") }, verdict = "pass", observed = { "2026-01-01T00:00:01Z" } },
    { "no set", with = { "x", mode = "equals" }, given = { x = { 1 } }, verdict = "pass" },
    { "an empty set is in everything", with = { "x", {} }, given = { x = { 1 } },
      verdict = "pass" },
    { "nothing is in an empty set", with = { "x", {}, mode = "in" }, given = { x = { 1 } },
      verdict = "fail" },
    { "no values", with = { "x", { 1 }, mode = "in" }, given = { x = { null } },
      types = { x = "bigint" }, verdict = "pass" },
    { "no values are not equal", with = { "x", { 1 }, mode = "equals" }, given = { x = { null } },
      types = { x = "bigint" }, verdict = "fail" },
  },
}
