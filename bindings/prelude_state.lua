-- prelude_state.lua: what a rule with memory declares: state = { key = .., keys_max = .. }
local tg = ...
local params = tg.params
local shown, did_you_mean = params.shown, params.did_you_mean

local keys_max_default, keys_max_most = 100000, 10000000
local known = { "key", "keys_max", "keep", "full", "per_partition", "scope" }

local function is_reference(v) return type(v) == "string" and v:sub(1, 1) == "$" end

local function count(v)
  local n = type(v) == "number" and math.tointeger(v)
  if n and n >= 1 and n <= keys_max_most then return n end
  return nil, "a whole number from 1 to " .. keys_max_most .. " is due, not " .. shown(v)
end

local function keep(v)
  local us, why = params.duration_us(v)
  if us == 0 then return nil, "a duration above zero is due" end
  return us, why
end

local function names(v)
  if type(v) == "string" then v = { v } end
  if params.is_list(v) and #v >= 1 and #v <= 16 then return v end
  return nil, "a column or a list of up to 16 columns is due, not " .. shown(v)
end

local function full(v)
  if v == "evict" or v == "error" then return v end
  return nil, "\"evict\" or \"error\" is due, not " .. shown(v)
end

local function boolean(v)
  if type(v) == "boolean" then return v end
  return nil, "true or false is due, not " .. shown(v)
end

local function scope(v)
  if v == "batch" or v == "stream" then return v end
  return nil, "\"batch\" or \"stream\" is due, not " .. shown(v)
end

local checks = {
  key = names, keys_max = count, keep = keep, full = full, per_partition = boolean, scope = scope,
}

-- The declaration of a rule file; faults are reported, "$name" is looked at when arguments are
-- bound.
local function check(rule, report)
  local state = rule.state
  if state == nil or rule.check == nil then return end
  if type(state) ~= "table" then
    return report("state", "state is a table such as { key = \"card\" }, not " .. shown(state))
  end
  for _, name in ipairs(params.names_of(state)) do
    if not checks[name] then
      report("state", "state has no key '" .. tg.shown(name) .. "'" .. did_you_mean(name, known))
    elseif not is_reference(state[name]) then
      local _, why = checks[name](state[name])
      if why then report("state", "state: " .. name .. ": " .. why) end
    end
  end
end

-- A part of the declaration with the argument it refers to; nil when that was not given.
local function value_of(state, name, p, tell)
  local v = state[name]
  if is_reference(v) then v = p[v:sub(2)] end
  if v == nil then return nil end
  local value, why = checks[name](v)
  if why then tell("state: " .. name .. ": " .. why) end
  return value
end

-- One key's events must all be in one partition: they are, when what the topic is partitioned by
-- is part of the key.
local function check_partition(columns, topic, tell)
  local listed = {}
  for _, name in ipairs(columns) do listed[#listed + 1] = "'" .. name .. "'" end
  local by = #listed > 0 and table.concat(listed, ", ") or "nothing"
  for _, name in ipairs(columns) do
    if name == topic.key then return end
  end
  tell("its state is kept by " .. by .. " and the topic "
    .. (topic.key and ("is partitioned by '" .. topic.key .. "'") or "does not say its `key`")
    .. ": events of one key may be in several partitions, each of which counts alone;"
    .. " if that is right, say per_partition = true")
end

-- What C needs of the state of a rule bound to these arguments, or nil: { columns, keys_max,
-- keep_us (0: no limit), full_is_error, forget (with the batch), text (all of
-- it: another text is another state) }.
local function bind(kind, p, settings, topic, tell)
  local state = kind.state
  if type(state) ~= "table" or not kind.check then
    if settings.per_partition ~= nil then tell("per_partition: the rule has no state by key") end
    return nil
  end
  local columns = value_of(state, "key", p, tell) or {}
  local bound = {
    columns = columns, keys_max = value_of(state, "keys_max", p, tell) or keys_max_default,
    keep_us = value_of(state, "keep", p, tell) or 0,
    full_is_error = value_of(state, "full", p, tell) == "error",
    forget = value_of(state, "scope", p, tell) == "batch",
  }
  local parts = {
    tostring(bound.keys_max), tostring(bound.keep_us), tostring(bound.forget),
    tostring(settings.version),
  }
  for _, name in ipairs(columns) do
    local _, why = params.column(name, topic.fields)
    if why then tell("state: key: " .. why) end
    parts[#parts + 1] = name .. " " .. tostring(topic.fields[name])
  end
  local alone = settings.per_partition
  if alone == nil then alone = state.per_partition end
  if topic.handle and not alone and not bound.forget then check_partition(columns, topic, tell) end
  bound.text = table.concat(parts, "\n")
  return bound
end

-- A topic's `dedup` is a rule that drops what was seen before.
local dedup = {
  name = "dedup", doc = "an event with the same key was here before", columns = {}, preset = {},
  params = {}, common = { id = "dedup", on_fail = "drop" },
  state = { key = "$by", keys_max = "$keys_max", keep = "$within", per_partition = true },
  check = function(_, p, s) return ~s:seen(p.within) end,
}
for i, declaration in ipairs { "by columns", "within duration", "keys_max integer = 1000000" } do
  dedup.params[i] = params.declare(declaration)
end

return { check = check, bind = bind, dedup = dedup }
