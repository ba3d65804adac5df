-- rules/timeliness/increasing.lua: values rise from row to row.
return {
  doc       = "No value is below the one before it (of the same key); strict: nor equal to it.",
  dimension = "timeliness",
  params    = {
    "column column", "strict flag = false", "order asc|desc = asc", "by column?",
    "scope batch|stream = batch", "keys_max integer = 100000",
  },
  aliases   = { decreasing = { order = "desc" } },
  state     = { key = "$by", keys_max = "$keys_max", scope = "$scope" },
  depends   = "batch",
  check     = function(b, p, s)
    local c = b[p.column]
    local before = s:previous(c)
    local rises
    if p.order == "asc" then
      rises = p.strict and c:gt(before) or not p.strict and c:ge(before)
    else
      rises = p.strict and c:lt(before) or not p.strict and c:le(before)
    end
    local judged = c:not_null()
    if p.by then judged = judged & b[p.by]:not_null() end
    return (rises | before:is_null()):where(judged)
  end,
  reason    = "{column}: {} does not go on from the value before it",
  tests     = {
    { "equal is no fall", with = { "x" }, given = { x = { 1, 1, 2, null, 1, 1 } },
      fails = { 5 }, evaluated = 5 },
    { "strict", with = { "x", strict = true }, given = { x = { 1, 1, 2 } }, fails = { 2 } },
    { "downwards", with = { "x", order = "desc" }, given = { x = { 2, 2, 1, 3 } }, fails = { 4 } },
    { "downwards, strict", with = { "x", strict = true, order = "desc" },
      given = { x = { 2, 2, 1, 3 } }, fails = { 2, 4 } },
    { "each key by itself", with = { "x", by = "k" },
      given = { k = { "a", "b", "a", "b", null }, x = { 5, 1, 6, 0, 0 } }, fails = { 4 },
      evaluated = 4 },
    { "a batch knows nothing of the one before", with = { "x" },
      given = { { x = { 5, 6 } }, { x = { 1, 0 } } }, fails = { 4 } },
    { "the stream does", with = { "x", scope = "stream" },
      given = { { x = { 5, 6 } }, { x = { 1, 2 } } }, fails = { 3 } },
    { "texts by their bytes", with = { "x" }, given = { x = { "a", "b", "B" } }, fails = { 3 } },
  },
}
