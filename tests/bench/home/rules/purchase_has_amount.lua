-- rules/purchase_has_amount.lua: one of the four compound rules of the benchmark.
return {
  topics = { "reference" },
  doc    = "A purchase says how much, all but a few.",
  check  = function(b)
    return b.event_type:ne("purchase") | b.amount:not_null()
  end,
  tests  = {
    { "it can fail",
      given = { event_type = { "purchase", "view", "purchase" }, amount = { 1, null, null } },
      fails = { 3 } },
  },
}
