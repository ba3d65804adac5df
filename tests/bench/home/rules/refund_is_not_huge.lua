-- rules/refund_is_not_huge.lua: one of the four compound rules of the benchmark.
return {
  topics = { "reference" },
  doc    = "A refund is no more than any sale.",
  check  = function(b)
    return b.event_type:ne("refund") | b.amount:is_null() | b.amount:le(2000)
  end,
  tests  = {
    { "it can fail",
      given = { event_type = { "refund", "refund", "view" }, amount = { 1, 2001, 2001 } },
      fails = { 2 } },
  },
}
