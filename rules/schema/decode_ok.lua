-- rules/schema/decode_ok.lua: the event could be decoded.
return {
  doc       = "The event could be decoded; what could not is quarantined with its raw bytes.",
  dimension = "schema",
  on        = "event",
  on_fail   = "quarantine",
  params    = {},
  check     = function(b)
    local reasons = b:fault()
    return reasons:is_null(), reasons
  end,
  tests     = {
    { "an event that is no JSON fails", given = { { x = 1 }, "{broken" },
      types = { x = "integer" }, fails = { 2 }, evaluated = 2, verdict = "fail" },
    { "a field of the wrong type fails", given = { x = { 1, "a", null } },
      types = { x = "integer" }, fails = { 2 }, evaluated = 3 },
    { "what decodes passes", given = { x = { 1, 2 } }, fails = {}, evaluated = 2,
      verdict = "pass" },
  },
}
