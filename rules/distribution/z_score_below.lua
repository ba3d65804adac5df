-- rules/distribution/z_score_below.lua: no value lies far from the mean of its batch.
return {
  doc       = "|v - mean| / stdev (the sample's) of the batch is less than threshold; signed when "
    .. "not double_sided. Where nothing varies all values pass. It "
    .. "cannot exceed (n - 1) / sqrt(n).",
  dimension = "distribution",
  depends   = "batch",
  params    = { "column column", "threshold number = 3", "double_sided flag = true" },
  check     = function(b, p)
    local c = b[p.column]
    local m = c:moments()
    if not m.stdev or m.stdev == 0 then return c:eq(c) end
    local z = (c:cast("float8") - m.mean) / m.stdev
    return (p.double_sided and z:abs() or z):lt(p.threshold)
  end,
  validate  = function(p, _, settings)
    local rows = settings.rows_max
    local most = (rows - 1) / rows ^ 0.5
    if math.max(p.threshold, most) ~= most then
      return nil, "in a batch of at most " .. rows .. " rows (load.rows) no value lies "
        .. p.threshold .. " standard deviations from the mean: nothing ever fails"
    end
  end,
  reason    = "{column}: {} is {threshold} standard deviations or more from the mean",
  tests     = {
    { "one far away", with = { "x", 1 }, given = { x = { 1, 0, 0, 0, 0, null } }, fails = { 1 },
      evaluated = 5, reasons = { "x: 1 is 1 standard deviations or more from the mean" } },
    { "the threshold fails", with = { "x", 1 }, given = { x = { -1, 0, 1 } }, fails = { 1, 3 } },
    { "one side", with = { "x", 1, double_sided = false }, given = { x = { -1, 0, 1 } },
      fails = { 3 } },
    { "none can be 3 away of 5", with = { "x" }, given = { x = { 100, 0, 0, 0, 0 } }, fails = {} },
    { "a constant passes", with = { "x" }, given = { x = { 0.1, 0.1, 0.1 } }, fails = {},
      evaluated = 3 },
    { "one value passes", with = { "x", 0 }, given = { x = { 5 } }, fails = {}, evaluated = 1 },
    { "numeric", with = { "x", 1 }, given = { x = { "1.50", "0", "0", "0", "0" } },
      types = { x = "numeric(12,2)" }, fails = { 1 } },
    { "mean and stdev of the rows of where", with = { "x", 1.2, where = "y" },
      given = { x = { 0, 0, 0, 3, 1000 }, y = { true, true, true, true, false } }, fails = { 4 },
      evaluated = 4 },
    { "a threshold that no batch reaches", with = { "x", 1e6 }, given = { x = { 100, 0, 0 } },
      fails = {}, warns = "no value lies" },
    { "one that small batches reach", with = { "x", 0 }, given = { x = { 1, 2 } },
      fails = { 1, 2 }, warns = false },
    { "text is an error", with = { "x" }, given = { x = { "a" } }, verdict = "error" },
  },
}
