-- prelude_topics.lua: reads what a topic script returned and hands it to C, field by field, rule
-- by rule.
local tg = ...
local params, rules, source = tg.params, tg.rules, tg.source
local shown, did_you_mean = params.shown, params.did_you_mean

local function boolean(v)
  if type(v) == "boolean" then return v end
  return nil, "true or false is due, not " .. shown(v)
end

local function option(...)
  local allowed = { ... }
  return function(v)
    for _, name in ipairs(allowed) do
      if v == name then return v end
    end
    return nil, "one of '" .. table.concat(allowed, "', '") .. "' is due, not " .. shown(v)
  end
end

local function names(v)
  local ok = params.is_list(v) and #v > 0 and #v <= 100
  for i = 1, ok and #v or 0 do
    ok = ok and type(v[i]) == "string" and v[i] ~= "" and #v[i] <= 249 -- Kafka's limit
  end
  if ok then return v end
  return nil, "a list of 1 to 100 Kafka topics such as { \"orders\" } is due, not " .. shown(v)
end

local function kafka_name(v)
  return type(v) == "string" and #v <= 249 and v:find("^[%w._-]+$") ~= nil
    and v ~= "." and v ~= ".."
end

local function output(v)
  if kafka_name(v) then return v end
  return nil, "the name of a Kafka topic is due (letters, digits, . _ -), not " .. shown(v)
end

local function outputs(v)
  local ok = params.is_list(v) and #v > 0 and #v <= 32
  for i = 1, ok and #v or 0 do ok = ok and kafka_name(v[i]) end
  if ok then return v end
  return nil, "a list of 1 to 32 Kafka topics such as { \"orders.big\" } is due, not " .. shown(v)
end

-- "orders" or "shop.orders".
local function target(v)
  local schema, name = "", v
  if type(v) == "string" and v:find(".", 1, true) then schema, name = v:match("^([^.]*)%.(.*)$") end
  local bare = name == v
  if type(name) ~= "string" or not tg.name_ok(name) or not (bare or tg.name_ok(schema)) then
    return nil, "a table such as \"orders\" or \"shop.orders\" is due"
      .. " (letters, digits, _ and $, at most 63 bytes each), not " .. shown(v)
  end
  return { schema = schema, table = name }
end

-- Seconds east of Greenwich.
local function zone(v)
  if v == "UTC" then return 0 end
  local sign, hours, minutes
  if type(v) == "string" then sign, hours, minutes = v:match("^([+-])(%d%d):(%d%d)$") end
  local seconds = sign and tonumber(hours) * 3600 + tonumber(minutes) * 60
  if not seconds or tonumber(minutes) > 59 or seconds > 14 * 3600 then
    return nil, "\"UTC\" or an offset such as \"+02:00\" is due, not " .. shown(v)
  end
  return math.tointeger(sign == "-" and -seconds or seconds)
end

local function of_type(name, text)
  return function(v)
    if type(v) == name then return v end
    return nil, text .. " is due, not " .. shown(v)
  end
end

local function text(v)
  if type(v) == "string" and v ~= "" then return v end
  return nil, "the name of a field is due, not " .. shown(v)
end

local keys = {
  topics = names,
  table = target,
  fields = of_type("table", "a list of fields"),
  event_time = text,
  key = text,
  unknown = option("ignore", "keep", "quarantine"),
  provenance = boolean,
  on_gap = option("halt", "skip"),
  tz = zone,
  format = option("json"),
  mode = option("append"),
  transform = of_type("function", "a function of the batch"),
  dedup = of_type("table", "a table such as { by = { \"event_id\" }, within = \"24h\" }"),
  rules = of_type("table", "a list of rules"),
  lookups = of_type("table", "a table of lookups"),
  tests = of_type("table", "a list of tests"),
  outputs = outputs,
  dead_letter = output,
}
local later = {
  tables = true, partition_by = true,
  retention = true,
  lateness = true,
}
local known = {}
for _, map in ipairs { keys, later } do
  for name in next, map do known[#known + 1] = name end
end

-- Names by which scripts call the batch itself: b.rows, b:drop(..).
local function check_name(name)
  if name:sub(1, 1) == "_" then return "names that start with '_' are tidegate's own" end
  if tg.is_batch_name(name) then return "scripts use '" .. name .. "' for the batch itself" end
end

local function check_keys(topic, report)
  local values, bad = {}, 0
  for _, key in ipairs(params.names_of(topic)) do
    if later[key] then
      bad = bad + 1
      report(key, "'" .. key .. "' is not available yet")
    elseif key == "sink" then
      report(key, "'sink' is a setting of the whole pipeline: put sink: kafka into tidegate.yaml")
    elseif not keys[key] then
      report(key, "unknown key '" .. tg.shown(key) .. "' in a topic" .. did_you_mean(key, known))
    else
      local value, why = keys[key](topic[key])
      if why then report(key, key .. ": " .. why) end
      values[key] = value
    end
  end
  if topic.fields == nil then report(nil, "'fields' is missing: a topic needs it") end
  tg.sink.check_topic(topic, report)
  return values
end

-- Hands every line to C; returns name -> type of those that are good, and whether all were.
local function load_fields(handle, file, lines, tell)
  local fields, order, broken = {}, {}, lines == nil
  local report_at = function(at, message)
    broken = true
    tell(at, message)
  end
  for _, line in ipairs(lines or {}) do
    local at = source.line_of_text(file, line, "fields")
    if type(line) ~= "string" then
      report_at(at, "a field is a text such as \"amount numeric(12,2)\", not " .. shown(line))
    else
      local name, kind = tg.field(handle, line)
      if not name then
        report_at(at, kind)
      elseif fields[name] then
        report_at(at, "the field '" .. name .. "' is declared twice")
      elseif check_name(name) then
        report_at(at, "field '" .. name .. "': " .. check_name(name)
          .. "; rename it with @, such as \""
          .. name:gsub("^_+", "") .. "_value " .. kind .. " @ " .. name .. "\"")
      end
      if name then fields[name], order[#order + 1] = kind, name end
    end
  end
  if lines and not params.is_list(lines) then
    report_at(source.line_of(file, "fields"), "fields is a plain list of texts")
  elseif lines and #lines == 0 then
    report_at(source.line_of(file, "fields"), "a topic needs at least one field")
  end
  return fields, order, broken
end

local function check_roles(values, fields, report)
  for _, role in ipairs { "event_time", "key" } do
    local name = values[role]
    if name then
      local _, why = params.column(name, fields)
      if why then report(role, role .. ": " .. why) end
    end
  end
  local kind = values.event_time and fields[values.event_time]
  if kind and not kind:find("^timestamp") and kind ~= "date" then
    report("event_time", "event_time: '" .. values.event_time .. "' is " .. kind
      .. "; a timestamp or date is due")
  end
end

-- Ids are unique in a topic: the second between(amount) is between(amount)#2.
local function unique_id(id, seen)
  local n = (seen[id] or 0) + 1
  seen[id] = n
  return n == 1 and id or (id .. "#" .. n)
end

local function add_rule(loaded, kind, args, at)
  local rule = rules.bind(kind, args, loaded, at.path .. ":" .. at.line, function(message)
    tg.fault(at.path, at.line, message)
  end)
  if not rule then return end
  if rule.stateful and rule.over_us == 0 and rule.every_us == 0 then
    return tg.fault(at.path, at.line, kind.name .. " keeps state between batches: it needs a"
      .. " window such as over = \"1m\"; over = \"batch\" works in tests and eval only")
  end
  tg.sink.check_rule(kind, rule, function(message) tg.fault(at.path, at.line, message) end,
    function(message) tg.warn(at.path, at.line, message) end)
  rule.id = unique_id(rule.id, loaded.ids)
  if rule.warning then tg.warn(at.path, at.line, rule.warning) end
  if not rule.shadow and kind ~= tg.state.dedup then loaded.active = true end
  tg.rule(loaded.handle, rule)
end

local function load_rules(file, loaded, list)
  local line = source.line_of(file, "rules")
  if list and not params.is_list(list) then
    return tg.fault(file.path, line, "rules is a plain list such as { not_null { \"id\" } }")
  end
  for i, call in ipairs(list or {}) do
    if rules.is_call(call) then
      add_rule(loaded, call.kind, call.args, call)
    else
      tg.fault(file.path, line, "rules[" .. i .. "] is " .. shown(call)
        .. ": apply a rule by its name, such as between { \"amount\", min = 0 }")
    end
  end
end

local topics = {} -- in the order loaded
local readers = {} -- Kafka topic -> the script that reads it

local function take_kafka_topics(file, list)
  for _, name in ipairs(list) do
    if readers[name] then
      tg.fault(file.path, source.line_of(file, "topics"), "the Kafka topic '" .. tg.shown(name)
        .. "' is read by "
        .. readers[name] .. " already")
    end
    readers[name] = file.path
  end
end

-- What it emits must not come back to it.
local function check_outputs(file, values, report)
  local reads = {}
  for _, name in ipairs(values.topics or { file.name }) do reads[name] = true end
  for _, name in ipairs(values.outputs or {}) do
    if reads[name] then report("outputs", "outputs: the topic reads '" .. name .. "' itself") end
  end
  if values.dead_letter and reads[values.dead_letter] then
    report("dead_letter", "dead_letter: the topic reads '" .. values.dead_letter .. "' itself")
  end
end

local function load(file, topic)
  local report = function(key, message) tg.fault(file.path, source.line_of(file, key), message) end
  local report_at = function(line, message) tg.fault(file.path, line, message) end
  if type(topic) ~= "table" then
    return report(nil, "a topic file returns a table, not " .. shown(topic))
  end
  for key in next, topic do
    if type(key) ~= "string" then
      return report(nil, "a topic file returns a table of named keys; " .. shown(key)
        .. " is not one")
    end
  end
  local values = check_keys(topic, report)
  local handle = tg.topic(file.name, file.path)
  local fields, order, broken = load_fields(handle, file, values.fields, report_at)
  values.broken = broken
  check_roles(values, fields, report)
  tg.topic_end(handle, values)
  check_outputs(file, values, report)
  take_kafka_topics(file, values.topics or { file.name })
  local loaded = {
    lookups = tg.lookups.load(file, handle, values.lookups, target, report),
    handle = handle, name = file.name, fields = fields, key = values.key, order = order,
    ids = {}, file = file,
    tests = tg.tests.check(file, values.tests, "topic", report),
  }
  tg.sink.check_lookups(loaded.lookups, report)
  topics[#topics + 1] = loaded
  topics[file.name] = loaded
  if values.dedup and not tg.to_kafka then
    local at = { path = file.path, line = source.line_of(file, "dedup") }
    add_rule(loaded, tg.state.dedup, values.dedup, at)
  end
  load_rules(file, loaded, values.rules)
end

-- Rules with `topics` join theirs when all topics are known.
local function join_active()
  for _, kind in ipairs(rules.active) do
    for _, name in ipairs(kind.topics) do
      local loaded = topics[name]
      local line = source.line_of(kind.file, "topics")
      if loaded then
        add_rule(loaded, kind, {}, { path = kind.file.path, line = line })
      else
        local known_topics = {}
        for i, other in ipairs(topics) do known_topics[i] = other.name end
        tg.fault(kind.file.path, line, "there is no topic " .. shown(name)
          .. (type(name) == "string" and did_you_mean(name, known_topics) or ""))
      end
    end
  end
  for _, loaded in ipairs(topics) do
    if not loaded.active then
      tg.warn(loaded.file.path, source.line_of(loaded.file, "rules"), "no rule is active on "
        .. loaded.name .. ": what is decoded is loaded as it comes")
    end
  end
end

return { load = load, join_active = join_active, topics = topics }
