-- prelude_trials.lua: rules that are named from outside (test --cases, eval --rule), bound to given
-- columns.
local tg = ...
local params, rules = tg.params, tg.rules

-- A table of columns as a test gives a lookup: rows with a number as their key.
local function as_lookup(columns)
  local rows = { key = { "_row" } }
  for name, values in next, columns do
    for i, v in ipairs(values) do
      rows[i] = rows[i] or { _row = i }
      rows[i][name] = v
    end
  end
  return rows
end

local function lookups_of(tables)
  if not tables then return nil end
  local out = {}
  for name, columns in next, tables do out[name] = as_lookup(columns) end
  return out
end

-- The rule as tg.rule() takes it and the lookups as C reads them; or nil and why.
-- columns: { { name, type }, .. } in order; tables: name -> column -> values.
local function bind(name, args, columns, tables)
  local kind = rules.kinds[name]
  if not kind then
    return nil, "there is no rule '" .. tg.shown(name) .. "'"
      .. params.did_you_mean(name, params.names_of(rules.kinds))
  end
  local types, order, faults = {}, {}, {}
  for i, column in ipairs(columns) do
    types[column[1]], order[i] = column[2], column[1]
  end
  local given, lookups, why = lookups_of(tables), nil, nil
  if given then lookups, why = tg.lookups.given(given) end
  if why then return nil, why end
  local topic = { name = "given", fields = types, order = order, lookups = given }
  local rule = rules.bind(kind, args, topic, kind.file.path,
    function(message) faults[#faults + 1] = message end)
  if not rule then return nil, table.concat(faults, "; ") end
  return rule, lookups
end

return { bind = bind }
