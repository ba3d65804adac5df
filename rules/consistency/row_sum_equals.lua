-- rules/consistency/row_sum_equals.lua: several columns add up.
return {
  doc       = "The sum of the columns equals the total, or differs by at most the tolerance.",
  dimension = "consistency",
  params    = { "columns columns", "total number?", "total_column column?",
    "tolerance number = 0", "ignore_row_if all_null|any_null|never = all_null" },
  validate  = function(p)
    if (p.total == nil) == (p.total_column == nil) then return "give total or total_column" end
    if p.tolerance < 0 then return "tolerance is 0 or more" end
  end,
  check     = function(b, p)
    local sum
    for _, name in ipairs(p.columns) do sum = sum and sum + b[name] or b[name] + 0 end
    local total = p.total or b[p.total_column]
    if p.tolerance > 0 then return (sum - total):abs():le(p.tolerance) end
    return sum:eq(total)
  end,
  reason    = {
    "the sum of {columns} is not {total}",
    "the sum of {columns} is not {total_column}",
  },
  tests     = {
    { "another sum fails", with = { { "x", "y" }, 3 }, given = { x = { 1, 2, 2 }, y = { 2, 1, 2 } },
      fails = { 3 }, reasons = { "the sum of {x, y} is not 3" } },
    { "a column holds the total", with = { { "x", "y" }, total_column = "t" },
      given = { x = { 1, 2 }, y = { 2, 2 }, t = { 3, 3 } }, fails = { 2 },
      reasons = { "the sum of {x, y} is not t" } },
    { "within the tolerance", with = { { "x", "y" }, 3, tolerance = 1 },
      given = { x = { 1, 1, 1, 1 }, y = { 1, 3, 4, 0 } }, fails = { 3, 4 } },
    { "a small one", with = { { "x", "y" }, 3, tolerance = 0.25 },
      given = { x = { 1, 1 }, y = { 2.25, 2.5 } }, fails = { 2 } },
    { "numeric is exact", with = { { "x", "y" }, 0.3 }, given = { x = { "0.10" }, y = { "0.20" } },
      types = { x = "numeric(5,2)", y = "numeric(5,2)" }, fails = {}, evaluated = 1 },
    { "a null in a row that stays fails", with = { { "x", "y" }, 1 },
      given = { x = { 1, null, 0 }, y = { null, null, 1 } }, fails = { 1 }, evaluated = 2 },
    { "one column", with = { { "x" }, 1 }, given = { x = { 1, 2 } }, fails = { 2 } },
    { "a sum far from the total", with = { { "x" }, -1 }, given = { x = { math.maxinteger } },
      fails = { 1 }, reasons = { "the sum of {x} is not -1" } },
    { "text is an error", with = { { "x" }, 1 }, given = { x = { "a" } }, verdict = "error" },
    { "no total is an error", with = { { "x" } }, given = { x = { 1 } }, verdict = "error" },
    { "two totals are an error", with = { { "x" }, 1, "x" }, given = { x = { 1 } },
      verdict = "error" },
    { "a negative tolerance is an error", with = { { "x" }, 1, tolerance = -1 },
      given = { x = { 1 } }, verdict = "error" },
  },
}
