-- rules/distribution/drift_ks.lua: the distribution of numbers is that of a reference.
return {
  doc       = "Smirnov's D between the values and a reference sample is at most "
    .. "sqrt(-ln(alpha / 2) / 2) * sqrt((n + m) / (n m)).",
  dimension = "distribution",
  params    = { "column column", "reference reference", "alpha number = 0.003" },
  validate  = function(p)
    if not (p.alpha > 0 and p.alpha < 1) then return "alpha lies between 0 and 1" end
    if #p.reference == 0 then return "the reference is a list of numbers" end
  end,
  measure   = function(b, p) return b[p.column]:quantiles() end,
  judge     = function(m, p)
    local d, n, r = m:ks_two(p.reference), m.count, #p.reference
    if not d then return nil end
    local limit = math.sqrt(-math.log(p.alpha / 2) / 2) * math.sqrt((n + r) / (n * r))
    return d <= limit, { value = d, high = limit, approx = m.approx or nil }
  end,
  tests     = {
    { "the same", with = { "x", { 1, 2, 3, 4 } }, given = { x = { 4, 3, 2, 1, null } },
      verdict = "pass", observed = 0, evaluated = 4 },
    { "far apart", with = { "x", { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 } },
      given = { x = { 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 } }, verdict = "fail", observed = 1 },
    { "too few to tell", with = { "x", { 1, 2 } }, given = { x = { 11, 12 } }, verdict = "pass",
      observed = 1 },
    { "a larger alpha tells sooner", with = { "x", { 1, 2, 3, 4 }, 0.5 },
      given = { x = { 3, 4, 5, 6, 7, 8 } }, verdict = "fail", observed = 2 / 3 },
    { "the end belongs", with = { "x", { 1, 2 }, 2 * math.exp(-2) }, given = { x = { 11, 12 } },
      verdict = "pass", observed = 1 },
    { "no values fail", with = { "x", { 1 } }, given = { x = { null } }, types = { x = "float8" },
      verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", { 1 }, empty = "skip" }, given = { x = { null } },
      types = { x = "float8" }, verdict = "skip" },
    { "weights are an error", with = { "x", { values = { 1 }, weights = { 1 } } },
      given = { x = { 1 } }, verdict = "error" },
    { "an alpha of 0 is an error", with = { "x", { 1 }, 0 }, given = { x = { 1 } },
      verdict = "error" },
    { "an alpha of 1 is an error", with = { "x", { 1 }, 1 }, given = { x = { 1 } },
      verdict = "error" },
    { "text is an error", with = { "x", { 1 } }, given = { x = { "a" } }, verdict = "error" },
  },
}
