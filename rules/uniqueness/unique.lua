-- rules/uniqueness/unique.lua: no value occurs twice in a batch.
return {
  doc       = "No value occurs twice in the batch; every row of a repeated value fails, or with "
    .. "flag = \"later\" all but the first. 1 and \"1\" differ.",
  dimension = "uniqueness",
  depends   = "batch",
  params    = { "column column", "flag all|later = all" },
  check     = function(b, p)
    local k = key(b[p.column])
    if p.flag == "later" then return k:ordinal():eq(1) end
    return k:occurrences():eq(1)
  end,
  reason    = "{column}: {} occurs more than once",
  tests     = {
    { "every one of a group", with = { "x" }, given = { x = { 1, 2, 1, null, null } },
      fails = { 1, 3 }, evaluated = 3,
      reasons = { "x: 1 occurs more than once", "x: 1 occurs more than once" } },
    { "all but the first", with = { "x", flag = "later" }, given = { x = { "a", "b", "a", "a" } },
      fails = { 3, 4 } },
    { "all different", with = { "x" }, given = { x = { 1.5, 2, "a", "1.5" } }, fails = {},
      evaluated = 4 },
    { "numbers are equal by value", with = { "x" }, given = { x = { 1, 1.0, "1" } },
      types = { x = "jsonb" }, fails = { 1, 2 } },
    { "only rows of where", with = { "x", where = "y" },
      given = { x = { 1, 1, 2 }, y = { true, false, true } }, fails = {}, evaluated = 2 },
    { "mostly", with = { "x", mostly = 0.3 }, given = { x = { 1, 1, 2 } }, fails = { 1, 2 },
      verdict = "pass" },
  },
}
