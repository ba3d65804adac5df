-- rules/timeliness/sequence_contiguous.lua: numbers of a key without gap and repeat.
return {
  doc       = "Every number is the one before it plus step, for each key.",
  dimension = "timeliness",
  params    = {
    "column column", "by column?", "step integer = 1", "keys_max integer = 100000",
  },
  state     = { key = "$by", keys_max = "$keys_max" },
  depends   = "stream",
  check     = function(b, p, s)
    local c = b[p.column]
    local size = math.abs(p.step)
    local up = p.step == size
    local last = up and s:largest(c) or s:smallest(c)
    local ahead = (c - last) * (up and 1 or -1)
    local gap = "gap of " .. (ahead - size):to_text()
    local fault = when(ahead:lt(0), "step back", when(ahead:eq(0), "repeat", gap))
    local reason = p.column .. ": " .. c:to_text() .. " after " .. last:to_text() .. ": " .. fault
    local judged = c:not_null()
    if p.by then judged = judged & b[p.by]:not_null() end
    return ((c - last):eq(p.step) | last:is_null()):where(judged), reason
  end,
  validate  = function(p) if p.step == 0 then return "step is not 0" end end,
  reason    = "{column}: {} does not follow",
  tests     = {
    { "gap, repeat, step back; the last number only moves forward", with = { "n", "k" },
      given = {
        k = { "a", "a", "b", "a", "a", "a", "a", "b", "a", null },
        n = { 1, 2, 7, 5, 5, 3, 6, 8, null, 1 },
      },
      fails = { 4, 5, 6 }, evaluated = 8,
      reasons = { "n: 5 after 2: gap of 2", "n: 5 after 5: repeat", "n: 3 after 5: step back" } },
    { "over batches", with = { "n", "k" },
      given = { { k = { 1, 2 }, n = { 1, 1 } }, { k = { 1, 2 }, n = { 2, 3 } } }, fails = { 4 } },
    { "downwards in steps of ten", with = { "n", step = -10 },
      given = { n = { 100, 90, 80, 60, 70, 50 } }, fails = { 4, 5 },
      reasons = { "n: 60 after 80: gap of 10", "n: 70 after 60: step back" } },
    { "without a key the partition is one", with = { "n" }, given = { n = { 1, 2, 4, 5 } },
      fails = { 3 } },
    { "step 0", with = { "n", step = 0 }, given = { n = { 1 } }, verdict = "error" },
  },
}
