-- rules/completeness/any_present.lua: some of several values are there.
return {
  doc       = "At least min of the columns have a value.",
  dimension = "completeness",
  params    = { "columns columns", "min integer = 1" },
  validate  = function(p)
    if p.min < 1 or p.min > #p.columns then return "min is 1 to the number of columns" end
  end,
  check     = function(b, p)
    local count
    for _, name in ipairs(p.columns) do
      local one = when(b[name]:not_null(), 1, 0)
      count = count and count + one or one
    end
    return count:ge(p.min)
  end,
  reason    = "fewer than {min} of {columns} have a value",
  tests     = {
    { "one is enough", with = { { "x", "y" } }, given = { x = { 1, null, 3, null },
      y = { "a", "b", null, null } }, fails = { 4 }, evaluated = 4,
      reasons = { "fewer than 1 of {x, y} have a value" } },
    { "two", with = { { "x", "y", "z" }, 2 }, given = { x = { 1, 1, null }, y = { 1, null, null },
      z = { 1, 1, 1 } }, fails = { 3 } },
    { "more than there are is an error", with = { { "x" }, 2 }, given = { x = { 1 } },
      verdict = "error" },
    { "all of them", with = { { "x" }, 1 }, given = { x = { 1, null } }, fails = { 2 } },
    { "none is an error", with = { { "x" }, 0 }, given = { x = { 1 } }, verdict = "error" },
  },
}
