-- prelude_bind.lua: binds a rule kind and its arguments to a topic's columns.
local tg = ...
local params, common = tg.params, tg.common
local shown, did_you_mean = params.shown, params.did_you_mean

-- Positional arguments fill the parameters in the order declared, those of an alias left out.
local function spread(kind, args, report)
  local named, position = {}, 0
  for _, p in ipairs(kind.params) do
    if kind.preset[p.name] ~= nil then
      named[p.name] = kind.preset[p.name]
    elseif args[position + 1] ~= nil then
      position = position + 1
      named[p.name] = args[position]
    end
  end
  local texts = {}
  for key in next, args do
    if type(key) == "string" then
      texts[#texts + 1] = key
    elseif type(key) ~= "number" or key > position or key < 1 then
      report(kind.name .. " takes " .. position .. " arguments by position; the one at "
        .. shown(key) .. " is too many")
    end
  end
  table.sort(texts)
  return named, texts
end

local function is_param(kind, name)
  for _, p in ipairs(kind.params) do
    if p.name == name then return true end
  end
  return false
end

local function gather(kind, args, report)
  local named, texts = spread(kind, args, report)
  local settings = {}
  for _, key in ipairs(texts) do
    if is_param(kind, key) then
      if named[key] ~= nil then report("the argument '" .. key .. "' is given twice") end
      named[key] = args[key]
    elseif common.checks[key] then
      settings[key] = args[key]
    elseif common.later[key] then
      report("'" .. key .. "' is not available yet")
    else
      local names = { table.unpack(common.names) }
      for _, p in ipairs(kind.params) do names[#names + 1] = p.name end
      report(kind.name .. " has no argument '" .. tg.shown(key) .. "'" .. did_you_mean(key, names))
    end
  end
  return named, settings
end

local function check_values(kind, named, topic, report)
  local p = {}
  for _, decl in ipairs(kind.params) do
    local v = named[decl.name]
    if v == tg.null then v = nil end
    if v == nil then v = decl.default end
    if type(v) == "string" and v:find("^%$%a") and p[v:sub(2)] ~= nil then v = p[v:sub(2)] end
    if v ~= nil then
      local value, why = decl.check(v, topic.fields, topic.lookups)
      if why then report(kind.name .. ": " .. decl.name .. ": " .. why) end
      p[decl.name] = value
    elseif not decl.optional then
      report(kind.name .. ": the argument '" .. decl.name .. "' is missing")
    end
  end
  return p
end

-- One common argument of the rule's file: "$name" is the value of a parameter.
local function file_setting(kind, key, p, fields, report)
  local v = kind.common[key]
  local named = type(v) == "string" and v:match("^%$(.*)")
  if named then v = p[named] end
  if v == nil or not (named or key == "where") then return v end
  local value, why = common.checks[key](v, fields)
  if why then
    report(kind.name .. ": " .. key .. (named and " = \"$" .. named .. "\"" or "") .. ": " .. why)
  end
  return value
end

-- The common arguments: of the rule's file, then of the application; `where` of both.
local function check_settings(kind, settings, p, fields, report)
  local values = {}
  for _, key in ipairs(params.names_of(kind.common)) do
    values[key] = file_setting(kind, key, p, fields, report)
  end
  local wheres = { values.where }
  for _, key in ipairs(params.names_of(settings)) do
    local value, why = common.checks[key](settings[key], fields)
    if why then report(kind.name .. ": " .. key .. ": " .. why) end
    values[key] = value
  end
  if settings.where ~= nil then wheres[#wheres + 1] = values.where end
  values.wheres = wheres
  common.check_form(values, kind, function(_, message)
    report(kind.name .. ": " .. message)
  end)
  return values
end

-- ---------------------------------------------------------------- which rows count

-- The columns that the arguments name, in the order of the parameters.
local function named_columns(kind, p)
  local list = {}
  for _, decl in ipairs(kind.params) do
    local v = p[decl.name]
    if decl.kind == "column" and v ~= nil then list[#list + 1] = v end
    for _, name in ipairs(decl.kind == "columns" and v or {}) do list[#list + 1] = name end
  end
  return list
end

-- The rows that ignore_row_if leaves in; nil when it leaves in all of them.
local function not_ignored(columns, when)
  if when == "never" or #columns == 0 then return nil end
  return function(b)
    local out
    for _, name in ipairs(columns) do
      local there = b[name]:not_null()
      if not out then
        out = there
      elseif when == "all_null" then
        out = out | there
      else
        out = out & there
      end
    end
    return out
  end
end

local function all_of(list)
  if #list <= 1 then return list[1] end
  return function(b)
    local out = list[1](b)
    for i = 2, #list do out = out & list[i](b) end
    return out
  end
end

-- Which rows the rule judges, and what becomes of a null verdict in them. A rule that takes
-- ignore_row_if fails nulls in the rows that stay; nulls = "skip" means any_null there.
local function rows_of(kind, p, values)
  local wheres, nulls = values.wheres, values.nulls or "skip"
  if is_param(kind, "ignore_row_if") then
    local when = values.nulls == "skip" and "any_null" or p.ignore_row_if
    wheres[#wheres + 1] = not_ignored(named_columns(kind, p), when)
    nulls = values.nulls or "fail"
  end
  return all_of(wheres), nulls
end

-- ---------------------------------------------------------------- texts read as something else

local formats = { timestamp = "timestamp with time zone", date = "date", number = "numeric" }
local already = { timestamp = { "^timestamp", "^date" }, date = { "^timestamp", "^date" },
  number = { "^smallint", "^integer", "^bigint", "^real", "^double", "^numeric" } }

local function is_already(kind, as)
  for _, pattern in ipairs(already[as]) do
    if kind:find(pattern) then return true end
  end
  return false
end

-- A bound as the number that it spells; `as` leaves the texts of times to the comparison.
local function bound_as(v, as)
  if as ~= "number" or type(v) ~= "string" then return v end
  local n = tonumber(v)
  if not n then return nil, shown(v) .. " is no number" end
  return n
end

local function list_as(list, as)
  local out = {}
  for i = 1, #list do
    local v, why = bound_as(list[i], as)
    if why then return nil, why end
    out[i] = v
  end
  return out
end

-- Reads the bounds in p, and says which columns are to be read: nil, or { format, columns }.
local function read_as(kind, p, as, fields, report)
  if not as then return nil end
  local columns = {}
  for _, name in ipairs(named_columns(kind, p)) do
    local is = fields[name]
    if is == "text" or is:find("^character") then
      columns[#columns + 1] = name
    elseif not is_already(is, as) then
      report(kind.name .. ": as: '" .. name .. "' is " .. is .. ": only texts are read as a " .. as)
    end
  end
  for _, decl in ipairs(kind.params) do
    local v, value, why = p[decl.name], nil, nil
    if decl.kind == "value" then value, why = bound_as(v, as) end
    if decl.kind == "set" and v then value, why = list_as(v, as) end
    if why then report(kind.name .. ": as: " .. decl.name .. ": " .. why) end
    if value ~= nil then p[decl.name] = value end
  end
  return { format = formats[as], columns = columns }
end

-- The topic's fields as the rule meets them.
local function fields_as(read, fields)
  if not read then return fields end
  local out = {}
  for name, kind in next, fields do out[name] = kind end
  for _, name in ipairs(read.columns) do out[name] = read.format end
  return out
end

local function name_of(kind, p)
  local subject = p.column or p.columns and table.concat(p.columns, ",")
    or type(p.metric) == "table" and p.metric.name
  return type(subject) == "string" and (kind.name .. "(" .. subject .. ")") or kind.name
end

-- One argument as a reason shows it.
local function argument_text(v)
  if type(v) ~= "table" then return tg.shown(tostring(v)) end
  local parts = {}
  for i = 1, math.min(#v, 20) do parts[i] = tostring(v[i]) end
  return tg.shown("{" .. table.concat(parts, ", ") .. (#v > 20 and ", ..}" or "}"))
end

-- A reason as a list of texts and { column } for what differs by row; nil when it names an
-- argument that was not given.
local function fill(template, kind, p, topic)
  local parts, at = {}, 1
  while true do
    local from, to, name = template:find("{([%w_]*)}", at)
    parts[#parts + 1] = template:sub(at, (from or 0) - 1)
    if not from then return parts end
    if name == "" then
      if not p.column then return nil end
      parts[#parts + 1] = { p.column }
    elseif is_param(kind, name) then
      if p[name] == nil then return nil end
      parts[#parts + 1] = argument_text(p[name])
    elseif topic.fields[name] then
      parts[#parts + 1] = { name }
    else
      return nil
    end
    at = to + 1
  end
end

local function reason_of(kind, p, topic, id)
  for _, template in ipairs(kind.reason or {}) do
    local parts = fill(template, kind, p, topic)
    if parts then return parts end
  end
  if p.column then return { p.column .. ": ", { p.column }, " fails " .. id } end
  return { kind.doc }
end

-- Reports why these arguments cannot be judged; returns what is odd about them and no fault.
local function validated(kind, p, fields, values, report)
  if not kind.validate then return nil end
  local settings = { on_fail = values.on_fail or "tag", rows_max = tg.rows_max }
  local ok, why, odd = pcall(kind.validate, p, fields, settings)
  if not ok then
    report(kind.name .. ": validate raised: " .. tostring(why))
  elseif type(why) == "string" then
    report(kind.name .. ": " .. why)
  elseif why == false then
    report(kind.name .. ": these arguments cannot be judged")
  end
  return type(odd) == "string" and kind.name .. ": " .. odd or nil
end

-- A value as text that is the same for the same value; functions cannot be told apart.
local function spelled(v, depth)
  if type(v) ~= "table" or depth > 8 then
    return type(v) == "function" and "function" or math.type(v) and tostring(v)
      or type(v) == "string" and string.format("%q", v) or tostring(v == tg.null and "null" or v)
  end
  local parts = {}
  for key, value in next, v do
    parts[#parts + 1] = "[" .. spelled(key, depth + 1) .. "]=" .. spelled(value, depth + 1)
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

-- What tells a changed rule from the same one: its file and its arguments; with functions among
-- them the topic's file too.
local function declared(kind, args, topic)
  local text = kind.file.text .. spelled(args, 0)
  if text:find("=function", 1, true) and topic.file then text = text .. topic.file.text end
  return text
end

-- Sizes of the rule's window and of its clock in microseconds; 0: it has none.
local function times_of(kind, p, values, tell)
  local over = kind.measure and (values.over or common.over_default)
    or kind.check and values.over or "batch"
  local every = kind.every
  if every and every:find("^%$") then every = p[every:sub(2)] end
  local every_us, why = 0, nil
  if every then every_us, why = params.duration_us(every) end
  if why then tell(kind.name .. ": every: " .. why) end
  return over ~= "batch" and params.duration_us(over) or 0, every_us
end

-- Binds a rule to a topic: { name, fields = { name -> type } }. report(message) is called for
-- every fault; returns the rule as tg.rule() takes it, or nil.
local function bind(kind, args, topic, place, report)
  local count = 0
  local tell = function(message)
    count = count + 1
    report(message)
  end
  if type(args) ~= "table" then
    tell(kind.name .. " takes a table: " .. kind.name .. " { .. }")
    return nil
  end
  local named, settings = gather(kind, args, tell)
  local p = check_values(kind, named, topic, tell)
  local values = check_settings(kind, settings, p, topic.fields, tell)
  for _, name in ipairs(kind.columns) do
    local _, why = params.column(name, topic.fields)
    if why then tell(kind.name .. ": columns: " .. why) end
  end
  local read = count == 0 and read_as(kind, p, values.as, topic.fields, tell) or nil
  local odd = count == 0 and validated(kind, p, fields_as(read, topic.fields), values, tell) or nil
  local state = count == 0 and tg.state.bind(kind, p, values, topic, tell) or nil
  local over_us, every_us = times_of(kind, p, values, tell)
  if count > 0 then return nil end
  local id = values.id or name_of(kind, p)
  local judge = kind.judge
    and tg.judge.judging(kind.judge, p, values.empty or "fail", values.min_rows or 0)
  local where, nulls = rows_of(kind, p, values)
  return {
    id = id, place = place, on_event = kind.on_event, state = state,
    check = kind.check, measure = kind.measure, judge = judge,
    p = p, column = p.column, where = where, over_us = over_us, every_us = every_us,
    nulls = nulls, mostly = values.mostly or 1.0,
    on_fail = values.on_fail or "tag",
    warn = values.warn, critical = values.critical, min_rows = values.min_rows or 100,
    min_count = values.min_rows or 0, version = values.version and tostring(values.version),
    owner = values.owner, read = read,
    shadow = values.shadow, bake_us = values.bake or 0,
    declared = values.bake and declared(kind, args, topic) or "",
    reason = reason_of(kind, p, topic, id), warning = odd,
    by_value = kind.levels == "value",
    stateful = kind.judge ~= nil and tg.parameters(kind.judge) >= 3,
  }
end

return { bind = bind }
