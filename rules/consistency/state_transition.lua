-- rules/consistency/state_transition.lua: a thing moves only from state to state as allowed.
return {
  doc       = "Every step from the key's last state to the next one is allowed.",
  dimension = "consistency",
  params    = {
    "key column", "column column", "allowed map", "initial list?", "repeat_ok flag = false",
    "keys_max integer = 100000",
  },
  state     = { key = "$key", keys_max = "$keys_max" },
  depends   = "stream",
  check     = function(b, p, s)
    local now = b[p.column]
    local before = s:previous(now)
    local good = before:is_null()
    if p.initial then good = good & now:is_in(p.initial) end
    if p.repeat_ok then good = good | now:is(before) end
    for from, list in pairs(p.allowed) do good = good | before:is(from) & now:is_in(list) end
    local judged = now:not_null() & b[p.key]:not_null()
    return good:where(judged), p.column .. ": " .. now .. " after " .. before
  end,
  validate  = function(p)
    for from, list in pairs(p.allowed) do
      if type(from) ~= "string" or type(list) ~= "table" then
        return "allowed is a table of lists such as { new = { \"paid\", \"void\" } }"
      end
    end
  end,
  reason    = "{column}: {} is no first state",
  tests     = {
    { "steps of each key", with = { "id", "s", { new = { "paid", "void" }, paid = { "sent" } } },
      given = {
        id = { 1, 1, 2, 2, 1, 2, 1, null, 1 },
        s = { "new", "paid", "new", "sent", "sent", "new", "sent", "new", null },
      },
      fails = { 4, 6, 7 }, evaluated = 7,
      reasons = { "s: sent after new", "s: new after sent", "s: sent after sent" } },
    { "the first state", with = { "id", "s", { new = { "paid" } }, { "new" } },
      given = { id = { 1, 2, 2 }, s = { "new", "paid", "paid" } }, fails = { 2, 3 },
      reasons = { "s: paid is no first state", "s: paid after paid" } },
    { "the same again", with = { "id", "s", { new = { "paid" } }, repeat_ok = true },
      given = { id = { 1, 1, 1, 1 }, s = { "new", "new", "paid", "new" } }, fails = { 4 } },
    { "over batches", with = { "id", "s", { new = { "paid" } } },
      given = { { id = { 1 }, s = { "new" } }, { id = { 1 }, s = { "void" } } }, fails = { 2 } },
    { "allowed is a table of lists", with = { "id", "s", { new = "paid" } },
      given = { id = { 1 }, s = { "new" } }, verdict = "error" },
    { "a list of lists is none", with = { "id", "s", { { "paid" } } },
      given = { id = { 1 }, s = { "new" } }, verdict = "error" },
  },
}
