-- rules/accuracy/compare.lua: a value compared with a fixed one.
local methods = { ["=="] = "eq", ["~="] = "ne", ["<"] = "lt", ["<="] = "le", [">"] = "gt",
  [">="] = "ge" }

return {
  doc       = "Every value compares with a fixed value as said.",
  dimension = "accuracy",
  params    = { "column column", "op ==|~=|<|<=|>|>=", "value value" },
  aliases   = {
    positive     = { op = ">", value = 0 },
    non_negative = { op = ">=", value = 0 },
    negative     = { op = "<", value = 0 },
    non_positive = { op = "<=", value = 0 },
  },
  check     = function(b, p)
    local column = b[p.column]
    return column[methods[p.op]](column, p.value)
  end,
  reason    = "{column}: {} is not {op} {value}",
  tests     = {
    { "==", with = { "x", "==", 2 }, given = { x = { 1, 2, 3, null } }, fails = { 1, 3 },
      evaluated = 3,
      reasons = { "x: 1 is not == 2", "x: 3 is not == 2" } },
    { "~=", with = { "x", "~=", 2 }, given = { x = { 1, 2, 3 } }, fails = { 2 } },
    { "<", with = { "x", "<", 2 }, given = { x = { 1, 2, 3 } }, fails = { 2, 3 } },
    { "<=", with = { "x", "<=", 2 }, given = { x = { 1, 2, 3 } }, fails = { 3 } },
    { ">", with = { "x", ">", 2 }, given = { x = { 1, 2, 3 } }, fails = { 1, 2 } },
    { ">=", with = { "x", ">=", 2 }, given = { x = { 1, 2, 3 } }, fails = { 1 } },
    { "all pass", with = { "x", ">", 0 }, given = { x = { 1, 2 } }, verdict = "pass" },
    { "an unknown operator is an error", with = { "x", "=<", 2 }, given = { x = { 1 } },
      verdict = "error" },
    { "text against a number is an error", with = { "x", "<", 2 }, given = { x = { "a" } },
      verdict = "error" },
  },
}
