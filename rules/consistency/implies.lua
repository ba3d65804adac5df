-- rules/consistency/implies.lua: where one thing holds, another must.
return {
  doc       = "Where the first condition is true, the second is; other rows are not judged.",
  dimension = "consistency",
  params    = { "when mask", "expect mask" },
  where     = "$when",
  check     = function(b, p) return p.expect(b) end,
  reason    = "what must follow does not hold",
  tests     = {
    { "expected and not so", with = { "kind == 'refund'", "x < 0" },
      given = { kind = { "refund", "refund", "sale", null, "refund" }, x = { -1, 1, 1, 1, null } },
      fails = { 2 }, evaluated = 2, reasons = { "what must follow does not hold" } },
    { "functions", with = { function(b) return b.x:gt(0) end, function(b) return b.y:gt(0) end },
      given = { x = { 1, 1, 0 }, y = { 1, 0, 0 } }, fails = { 2 }, evaluated = 2 },
    { "both are needed", with = { "x > 0" }, given = { x = { 1 } }, verdict = "error" },
  },
}
