-- rules/volume/volume_change.lua: the number of rows changes from one window to the next.
return {
  doc       = "The number of rows differs from that of the previous window by less than the"
    .. " levels: |n / previous - 1| is compared with warn and critical themselves. Not judged after"
    .. " a window of fewer than min_baseline rows.",
  dimension = "volume",
  params    = { "window duration = 5m", "min_baseline integer = 100" },
  over      = "$window",
  warn      = "5%",
  critical  = "10%",
  levels    = "value",
  depends   = "stream",
  validate  = function(p)
    if p.window:find("^0+%a") then return "the window is longer than 0" end
    if p.min_baseline < 1 then return "min_baseline is 1 row or more" end
  end,
  measure   = function(b) return b:count() end,
  judge     = function(m, p, s)
    local previous = s:get()
    s:set(m.rows)
    if previous == nil or previous < p.min_baseline then return "skip" end
    return true, { value = math.abs(m.rows / previous - 1), expected = previous }
  end,
  tests     = {
    { "a jump fails", given = series { 200, 208, 230, rows = true }, fires = 3, quiet = "1-2",
      observed = 22 / 208 },
    { "a fall too", given = series { 200, 100, rows = true }, fires = 2, observed = 0.5 },
    { "at the level it fails", given = series { 200, 210, rows = true }, fires = 2,
      observed = 0.05 },
    { "below it passes", given = series { 200, 209, rows = true }, verdict = "pass" },
    { "other levels", with = { warn = "50%", critical = "80%" },
      given = series { 200, 299, 150, rows = true }, verdict = "pass" },
    { "the first window is not judged", given = series { 200, rows = true }, verdict = "skip" },
    { "after a small window neither", given = series { 99, 200, rows = true }, verdict = "skip" },
    { "the smallest that is judged", given = series { 100, 200, rows = true }, fires = 2 },
    { "another smallest", with = { "5m", min_baseline = 1 }, given = series { 1, 2, rows = true },
      fires = 2 },
    { "a small window comes and goes", given = series { 200, 50, 200, 200, rows = true },
      fires = 2, quiet = "3-4" },
    { "no rows at all", given = series { 200, 0, rows = true },
      types = { value = "bigint" }, fires = 2, observed = 1 },
    { "where counts", with = { where = function(b) return b.value:le(100) end },
      given = series { 200, 300, rows = true }, verdict = "pass", observed = 0 },
    { "a window of 0 is an error", with = { "0s" }, given = series { 1 }, verdict = "error" },
    { "a baseline of 0 is an error", with = { min_baseline = 0 }, given = series { 1 },
      verdict = "error" },
  },
}
