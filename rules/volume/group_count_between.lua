-- rules/volume/group_count_between.lua: rows per group.

-- A value, or a tuple, as one text: what groups are found by.
local function name_of(v)
  if type(v) ~= "table" then return type(v) .. ":" .. tostring(v) end
  local parts = {}
  for i, part in ipairs(v) do parts[i] = type(part) .. ":" .. tostring(part) end
  return table.concat(parts, "\0")
end

-- Rows of the groups that were met and of the ones that were expected: smallest and largest.
local function extremes(m, groups)
  local list, met = m:list(), {}
  for _, item in ipairs(list) do met[name_of(item[1])] = true end
  local low, high = list[#list], list[1]
  for _, group in ipairs(groups or {}) do
    if not met[name_of(group)] then low = { group, 0 } end
  end
  return low, high or low
end

return {
  doc       = "Each group of rows with the same values of `by` has min to max rows; a group named "
    .. "in `groups` (values, or lists of them) that is absent has 0. Seen: the worst group.",
  dimension = "volume",
  params    = { "by columns", "min integer?", "max integer?", "groups list?" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no group can pass" end
  end,
  measure   = function(b, p)
    local columns = {}
    for i, name in ipairs(p.by) do columns[i] = b[name] end
    return key(table.unpack(columns)):counts(100000)
  end,
  judge     = function(m, p)
    local low, high = extremes(m, p.groups)
    if not low then return nil end
    local worst = low
    if within(low[2], p.min, p.max) then worst = high end
    return within(low[2], p.min, p.max) and within(high[2], p.min, p.max),
      { value = worst[2], key = worst[1], approx = m.approx or nil }
  end,
  tests     = {
    { "both ends belong", with = { { "x" }, 1, 2 }, given = { x = { "a", "b", "a", null } },
      verdict = "pass", observed = 2, evaluated = 3 },
    { "too few", with = { { "x" }, 2 }, given = { x = { "a", "b", "a" } }, verdict = "fail",
      observed = 1 },
    { "too many", with = { { "x" }, max = 1 }, given = { x = { "a", "b", "b" } },
      verdict = "fail", observed = 2 },
    { "combinations", with = { { "x", "y" }, max = 1 },
      given = { x = { 1, 1, 1 }, y = { 1, 2, 2 } }, verdict = "fail", observed = 2 },
    { "an absent group", with = { { "x" }, 1, groups = { "a", "c" } }, given = { x = { "a" } },
      verdict = "fail", observed = 0 },
    { "groups that are there", with = { { "x" }, 1, 1, groups = { "a" } }, given = { x = { "a" } },
      verdict = "pass", observed = 1 },
    { "absent combinations", with = { { "x", "y" }, max = 0, groups = { { 1, 2 } } },
      given = { x = {}, y = {} }, verdict = "pass", observed = 0 },
    { "the same text and number are two", with = { { "x" }, 1, groups = { 1 } },
      given = { x = { "1" } }, verdict = "fail", observed = 0 },
    { "no groups fail", with = { { "x" } }, given = { x = { null } }, verdict = "fail",
      observed = null },
    { "no groups may be skipped", with = { { "x" }, empty = "skip" }, given = { x = { null } },
      verdict = "skip" },
    { "min above max is an error", with = { { "x" }, 2, 1 }, given = { x = { 1 } },
      verdict = "error" },
  },
}
