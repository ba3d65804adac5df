-- rules/schema/column_count_between.lua: how many columns there are.
return {
  doc       = "The number of columns lies between min and max.",
  dimension = "schema",
  depends   = "batch",
  params    = { "min integer?", "max integer?", "value integer?" },
  aliases   = { column_count_equals = { min = null, max = null } },
  validate  = function(p)
    if p.value and (p.min or p.max) then return "give either value, or min and max" end
    if p.min and p.max and p.min > p.max then return "min is above max: no number can pass" end
  end,
  over      = "batch", -- the columns are the script's, there is nothing to sum up
  measure   = function(b) return { count = #b:columns() } end,
  judge     = function(m, p) return within(m.count, p.value or p.min, p.value or p.max) end,
  tests     = {
    { "both ends belong", with = { 1, 1 }, given = { x = { 1 } }, verdict = "pass", observed = 1 },
    { "too few", with = { 2 }, given = { x = { 1 } }, verdict = "fail", observed = 1 },
    { "too many", with = { max = 1 }, given = { x = { 1 }, y = { 1 } }, verdict = "fail",
      observed = 2 },
    { "no bound passes", given = { x = { 1 } }, verdict = "pass", observed = 1 },
    { "an exact number", with = { value = 2 }, given = { x = { 1 }, y = { 1 } },
      verdict = "pass" },
    { "another number, too high", with = { value = 1 }, given = { x = { 1 }, y = { 1 } },
      verdict = "fail" },
    { "another number, too low", with = { value = 3 }, given = { x = { 1 }, y = { 1 } },
      verdict = "fail" },
    { "a number and bounds", with = { 1, value = 1 }, given = { x = { 1 } }, verdict = "error" },
    { "a number and an upper bound", with = { max = 1, value = 1 }, given = { x = { 1 } },
      verdict = "error" },
    { "min above max", with = { 2, 1 }, given = { x = { 1 } }, verdict = "error" },
  },
}
