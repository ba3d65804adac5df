-- rules/uniqueness/duplicate_rate_below.lua: few rows repeat others.
return {
  doc       = "(rows - different combinations of the columns' values) / rows is at most max; of a "
    .. "single column nulls do not count.",
  dimension = "uniqueness",
  params    = { "columns columns", "max share" },
  measure   = function(b, p)
    local columns = {}
    for i, name in ipairs(p.columns) do columns[i] = b[name] end
    return key(table.unpack(columns)):distinct(1048576)
  end,
  judge     = function(m, p)
    if m.count == 0 then return nil end
    local rate = math.max(0, m.count - m.distinct) / m.count
    return rate <= p.max, { value = rate, approx = m.approx or nil }
  end,
  tests     = {
    { "the end belongs", with = { { "x" }, 0.5 }, given = { x = { 1, 1, null } }, verdict = "pass",
      observed = 0.5, evaluated = 2 },
    { "above max", with = { { "x" }, "49%" }, given = { x = { 1, 1 } }, verdict = "fail" },
    { "combinations", with = { { "x", "y" }, 0 }, given = { x = { 1, 1 }, y = { 1, 2 } },
      verdict = "pass", observed = 0 },
    { "repeated combinations", with = { { "x", "y" }, 0.6 },
      given = { x = { 1, 1, 1 }, y = { null, null, null } }, types = { y = "bigint" },
      verdict = "fail", observed = 2 / 3 },
    { "no values fail", with = { { "x" }, 1 }, given = { x = { null } }, verdict = "fail",
      observed = null },
    { "no values may be skipped", with = { { "x" }, 1, empty = "skip" }, given = { x = { null } },
      verdict = "skip" },
  },
}
