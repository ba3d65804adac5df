-- prelude_trials.lua: rules that are named from outside (test --cases, eval --rule), bound to given
-- columns.
local tg = ...
local params, rules = tg.params, tg.rules

-- The rule as tg.rule() takes it, or nil and why. columns: { { name, type }, .. } in order.
local function bind(name, args, columns)
  local kind = rules.kinds[name]
  if not kind then
    return nil, "there is no rule '" .. tg.shown(name) .. "'"
      .. params.did_you_mean(name, params.names_of(rules.kinds))
  end
  local types, order, faults = {}, {}, {}
  for i, column in ipairs(columns) do
    types[column[1]], order[i] = column[2], column[1]
  end
  local topic = { name = "given", fields = types, order = order }
  local rule = rules.bind(kind, args, topic, kind.file.path,
    function(message) faults[#faults + 1] = message end)
  if not rule then return nil, table.concat(faults, "; ") end
  return rule
end

return { bind = bind }
