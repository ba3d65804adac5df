-- rules/schema/record_size_below.lua: the raw value of an event is not too large.
return {
  doc       = "The raw value of the event has at most this many bytes.",
  dimension = "schema",
  on        = "event",
  params    = { "bytes integer" },
  validate  = function(p)
    if p.bytes < 1 then return "bytes is a number from 1" end
  end,
  check     = function(b, p)
    local size = b:event_bytes()
    return size:le(p.bytes), size:to_text() .. " bytes are more than " .. p.bytes
  end,
  tests     = {
    { "the bound itself belongs", with = { 7 }, given = { "{\"x\":1}", "{\"x\":12}" },
      types = { x = "integer" }, fails = { 2 }, evaluated = 2,
      reasons = { "8 bytes are more than 7" }, verdict = "fail" },
    { "a record that does not decode is measured too", with = { 3 }, given = { "{b}", "broken" },
      types = { x = "integer" }, fails = { 2 }, evaluated = 2 },
    { "small ones pass", with = { 100 }, given = { x = { 1 } }, fails = {}, verdict = "pass" },
    { "no bytes are no bound", with = { 0 }, given = { x = { 1 } }, verdict = "error" },
    { "one byte is", with = { 1 }, given = { x = { 1 } }, fails = { 1 } },
  },
}
