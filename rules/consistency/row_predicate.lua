-- rules/consistency/row_predicate.lua: what must be true of several values of a row.
return {
  doc       = "The expression, or the function of the row's values, is true.",
  dimension = "consistency",
  params    = { "columns columns?", "fn function?", "expr mask?" },
  validate  = function(p)
    if p.expr and (p.fn or p.columns) then return "give expr, or columns and fn" end
    if not p.expr and not (p.fn and p.columns) then return "give expr, or columns and fn" end
  end,
  check     = function(b, p)
    if p.expr then return p.expr(b) end
    return b:map_rows(p.columns, p.fn)
  end,
  reason    = "the row breaks what must be true of it",
  tests     = {
    { "an expression", with = { expr = "x < y or x == 9" },
      given = { x = { 1, 2, 9, null }, y = { 2, 1, 0, 1 } }, fails = { 2 }, evaluated = 3,
      reasons = { "the row breaks what must be true of it" } },
    { "a function, and its reasons", with = { { "x" }, function(r)
      if r.x == 3 then return false end
      return r.x == 1, "x is " .. r.x
    end }, given = { x = { 1, 2, 3 } }, fails = { 2, 3 },
      reasons = { "x is 2", "the row breaks what must be true of it" } },
    { "nil is not judged", with = { { "x" }, function() return nil end }, given = { x = { 1 } },
      fails = {}, evaluated = 0 },
    { "raising is an error", with = { { "x" }, function() error("no") end },
      given = { x = { 1 } }, verdict = "error" },
    { "nothing given is an error", with = {}, given = { x = { 1 } }, verdict = "error" },
    { "a function needs columns", with = { fn = function() return true end },
      given = { x = { 1 } }, verdict = "error" },
    { "columns need a function", with = { { "x" } }, given = { x = { 1 } }, verdict = "error" },
    { "both are an error", with = { { "x" }, expr = "x > 0" }, given = { x = { 1 } },
      verdict = "error" },
    { "a function and an expression are too", with = { fn = function() return true end,
      expr = "x > 0" }, given = { x = { 1 } }, verdict = "error" },
  },
}
