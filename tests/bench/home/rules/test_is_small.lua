-- rules/test_is_small.lua: one of the four compound rules of the benchmark.
return {
  topics = { "reference" },
  doc    = "Test events are of small amounts.",
  check  = function(b)
    return ~b.is_test | b.amount:le(5000)
  end,
  tests  = {
    { "it can fail",
      given = { is_test = { true, true, false }, amount = { 1, 6000, 6000 } },
      fails = { 2 } },
  },
}
