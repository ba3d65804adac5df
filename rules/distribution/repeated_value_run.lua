-- rules/distribution/repeated_value_run.lua: a stuck source says the same again and again.
return {
  doc       = "No value comes more than max_run times in a row, for each key.",
  dimension = "distribution",
  params    = {
    "column column", "by column?", "max_run integer", "keys_max integer = 100000",
  },
  state     = { key = "$by", keys_max = "$keys_max" },
  depends   = "stream",
  check     = function(b, p, s) return s:run(b[p.column]):le(p.max_run) end,
  validate  = function(p) if p.max_run < 1 then return "max_run is at least 1" end end,
  reason    = "{column}: {} more than {max_run} times in a row",
  tests     = {
    { "rows beyond the run fail", with = { "x", max_run = 2 },
      given = { x = { 5, 5, 5, 5, 6, 5, 5, null, 5 } }, fails = { 3, 4, 9 }, evaluated = 8,
      reasons = {
        "x: 5 more than 2 times in a row", "x: 5 more than 2 times in a row",
        "x: 5 more than 2 times in a row",
      } },
    { "each key by itself, over batches", with = { "x", "k", 1 },
      given = {
        { k = { "a", "b", "a" }, x = { "u", "u", "v" } }, { k = { "a", "b" }, x = { "v", "w" } },
      },
      fails = { 4 } },
    { "max_run 0", with = { "x", max_run = 0 }, given = { x = { 1 } }, verdict = "error" },
    { "max_run 1", with = { "x", max_run = 1 }, given = { x = { 1 } }, verdict = "pass" },
  },
}
