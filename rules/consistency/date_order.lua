-- rules/consistency/date_order.lua: times that follow each other.
return {
  doc       = "Each value is not before (strict: after) the one before it; nulls are passed over.",
  dimension = "consistency",
  params    = { "columns columns", "strict flag = false" },
  validate  = function(p)
    if #p.columns < 2 then return "give 2 columns at least" end
  end,
  check     = function(b, p)
    local last, good, seen = b[p.columns[1]], nil, nil
    for i = 2, #p.columns do
      local column = b[p.columns[i]]
      local after = p.strict and column:gt(last) or not p.strict and column:ge(last)
      local compared = after:not_null()
      good = good and good & after:default(true) or after:default(true)
      seen = seen and seen | compared or compared
      last = column:coalesce(last)
    end
    return good:where(seen)
  end,
  reason    = "{columns} are not in order",
  tests     = {
    { "one before the other fails", with = { { "x", "y" } },
      given = { x = at("1s", "1s", "1s"), y = at("2s", "1s", "0s") }, fails = { 3 },
      evaluated = 3, reasons = { "{x, y} are not in order" } },
    { "strict", with = { { "x", "y" }, true },
      given = { x = at("1s", "1s", "1s"), y = at("2s", "1s", "0s") }, fails = { 2, 3 } },
    { "nulls are passed over", with = { { "x", "y", "z" } },
      given = { x = { 2, 1, null, null }, y = { null, null, 5, null }, z = { 1, 2, 4, 1 } },
      fails = { 1, 3 }, evaluated = 3 },
    { "every step counts", with = { { "x", "y", "z" } },
      given = { x = { 3, 1, 1 }, y = { 2, 3, 2 }, z = { 4, 2, 3 } }, fails = { 1, 2 } },
    { "one column is an error", with = { { "x" } }, given = { x = { 1 } }, verdict = "error" },
  },
}
