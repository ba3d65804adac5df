-- rules/consistency/no_overlap.lua: ranges that do not meet each other, in one batch.
return {
  doc       = "The ranges [lower, upper) of a batch do not meet each other, per value of by.",
  dimension = "consistency",
  depends   = "batch",
  params    = { "lower column", "upper column", "by column?",
    "gaps allowed|forbidden|required = allowed" },
  check     = function(b, p)
    return b[p.lower]:apart(b[p.upper], p.by and b[p.by], p.gaps)
  end,
  reason    = "[{lower}, {upper}) meets another range, or its gaps are not {gaps}",
  tests     = {
    { "the one that reaches into the next fails", with = { "x", "y" },
      given = { x = { 5, 1, 9 }, y = { 10, 5, 12 } }, fails = { 1 }, evaluated = 3,
      reasons = { "[x, y) meets another range, or its gaps are not allowed" } },
    { "a range ends after it begins", with = { "x", "y" }, given = { x = { 1, 5 }, y = { 1, 6 } },
      fails = { 1 } },
    { "groups", with = { "x", "y", "k" },
      given = { x = { 1, 2, 2 }, y = { 3, 4, 4 }, k = { "a", "b", "a" } }, fails = { 1 } },
    { "a gap is forbidden", with = { "x", "y", gaps = "forbidden" },
      given = { x = { 1, 3, 6 }, y = { 3, 5, 7 } }, fails = { 2 } },
    { "a gap is required", with = { "x", "y", gaps = "required" },
      given = { x = { 1, 3, 6 }, y = { 3, 5, 7 } }, fails = { 1 } },
    { "rows that leave are in nobody's way", with = { "x", "y", where = "k" },
      given = { x = { 1, 2 }, y = { 3, 4 }, k = { true, false } }, fails = {}, evaluated = 1 },
    { "a text against a number is an error", with = { "x", "y" },
      given = { x = { 1 }, y = { "a" } }, verdict = "error" },
  },
}
