-- rules/completeness/both_or_neither.lua: values that come together.
return {
  doc       = "The columns all have a value, or none of them has.",
  dimension = "completeness",
  params    = { "columns columns" },
  check     = function(b, p)
    local all, any
    for _, name in ipairs(p.columns) do
      local there = b[name]:not_null()
      all = all and all & there or there
      any = any and any | there or there
    end
    return all | ~any
  end,
  reason    = "some of {columns} have a value, others have none",
  tests     = {
    { "some and not all fail", with = { { "x", "y" } },
      given = { x = { 1, null, 3, null }, y = { "a", "b", null, null } }, fails = { 2, 3 },
      evaluated = 4, reasons = { "some of {x, y} have a value, others have none",
        "some of {x, y} have a value, others have none" } },
    { "of three", with = { { "x", "y", "z" } }, given = { x = { 1, 1, null }, y = { 1, null, null },
      z = { 1, 1, null } }, fails = { 2 } },
  },
}
