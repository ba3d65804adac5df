-- prelude_rules.lua: reads rule files, makes the constructors of rule kinds, binds arguments to a
-- topic's columns.
local tg = ...
local params = tg.params
local shown, did_you_mean = params.shown, params.did_you_mean

-- Keys that a rule file and an application of a rule share, and what each must be.
local actions = { tag = true, quarantine = true, drop = true }
local null_fates = { skip = true, fail = true, pass = true }

local function one_of(map)
  return function(v)
    if type(v) == "string" and map[v] then return v end
    return nil, "one of '" .. table.concat(params.names_of(map), "', '") .. "' is due, not "
      .. shown(v)
  end
end

local function level(v)
  if math.type(v) == "integer" and v >= 1 then return { count = v } end
  if type(v) == "number" then
    return nil, "write a share as '5%', a count as a whole number from 1, not " .. shown(v)
  end
  local n = type(v) == "string" and v:find("%%$") and params.share(v)
  if not n then return nil, "a count such as 1 or a share such as '5%' is due, not " .. shown(v) end
  return { share = n }
end

local function text(v)
  if type(v) == "string" and v ~= "" then return v end
  return nil, "a text is due, not " .. shown(v)
end

local common = {
  where = function(v)
    if type(v) == "function" then return v end
    if type(v) == "string" then
      return nil, "conditions as text are not available yet:"
        .. " write where = function(b) return b.column:eq(..) end"
    end
    return nil, "a function of the batch is due, not " .. shown(v)
  end,
  nulls = one_of(null_fates),
  mostly = function(v)
    if type(v) == "number" and v >= 0 and v <= 1 then return v end
    return nil, "a number from 0 to 1 is due, not " .. shown(v)
  end,
  on_fail = one_of(actions),
  warn = level,
  critical = level,
  over = function(v)
    if v == "batch" then return v end
    local _, why = params.duration_us(v)
    return nil, why or "windows are not available yet: levels count over the batch;"
      .. " leave `over` out or write \"batch\""
  end,
  min_rows = function(v)
    if math.type(v) == "integer" and v >= 0 then return v end
    return nil, "a whole number from 0 is due, not " .. shown(v)
  end,
  id = text,
  owner = text,
  version = function(v)
    if type(v) == "string" or math.type(v) == "integer" then return v end
    return nil, "a text or a whole number is due, not " .. shown(v)
  end,
}
local common_later = { empty = true, bake = true, as = true }

local file_keys = {
  doc = true, dimension = true, params = true, topics = true, columns = true, depends = true,
  check = true,
  validate = true, aliases = true, reason = true, tests = true,
}
local file_later = { state = true, on = true, every = true, measure = true, judge = true,
  property = true }
local known_names, common_names = {}, {}
for _, map in ipairs { file_keys, file_later, common, common_later } do
  for name in next, map do known_names[#known_names + 1] = name end
end
for _, map in ipairs { common, common_later } do
  for name in next, map do common_names[#common_names + 1] = name end
end

local kinds = {}        -- name -> kind, aliases too
local all = {}          -- every rule file's rule, in the order loaded
local active = {}       -- rules with `topics`, in the order of their files

-- ---------------------------------------------------------------- rule files

local function check_declared(rule, report)
  local list, seen = {}, {}
  if rule.params ~= nil and not params.is_list(rule.params) then
    report("params", "params is a list such as { \"column column\" }, not " .. shown(rule.params))
    return list
  end
  for _, entry in ipairs(rule.params or {}) do
    local p, why = params.declare(entry)
    if not p then
      report("params", why)
    elseif seen[p.name] or common[p.name] or common_later[p.name] then
      report("params", "the parameter name '" .. p.name .. "' is taken"
        .. (seen[p.name] and " twice" or ": every rule has it"))
    else
      seen[p.name] = true
      list[#list + 1] = p
    end
  end
  return list
end

local function check_used(rule, list, file, report)
  for _, p in ipairs(list) do
    local dotted = file.text:find("%." .. p.name .. "%f[^%w_]")
    local named = file.text:find("$" .. p.name, 1, true)
    if not dotted and not named and type(rule.check) == "function" then
      report("params", "the parameter '" .. p.name .. "' is never used: read p." .. p.name
        .. " or take it out")
    end
  end
end

local function check_reason(rule, report)
  local reason = rule.reason
  if reason == nil then return nil end
  if type(reason) == "string" then reason = { reason } end
  local ok = params.is_list(reason) and #reason > 0
  for i = 1, ok and #reason or 0 do ok = ok and type(reason[i]) == "string" end
  if not ok then return report("reason", "reason is a text or a list of texts") end
  return reason
end

local function check_tests(rule, file, report)
  local tests = tg.tests.check(file, rule.tests, "rule", report)
  local seen_to_fail = false
  for _, test in ipairs(tests) do
    local fails = type(test.fails) == "table" and #test.fails > 0
    seen_to_fail = seen_to_fail or fails or test.verdict == "fail"
  end
  if file.catalogue and not seen_to_fail then
    report("tests", "no test in which the rule is seen to fail: a rule of the catalogue needs one")
  end
  return tests
end

local function check_keys(rule, report)
  for _, key in ipairs(params.names_of(rule)) do
    if file_later[key] or common_later[key] then
      report(key, "'" .. key .. "' is not available yet")
    elseif not file_keys[key] and not common[key] then
      report(key, "unknown key '" .. tg.shown(key) .. "' in a rule"
        .. did_you_mean(key, known_names))
    end
  end
end

-- Keys must be texts before they can be sorted and looked up.
local function check_shape(rule, report)
  if type(rule) ~= "table" then
    report(nil, "a rule file returns a table, not " .. shown(rule))
    return false
  end
  for key in next, rule do
    if type(key) ~= "string" then
      report(nil, "a rule file returns a table of named keys; " .. shown(key) .. " is not one")
      return false
    end
  end
  return true
end

local function check_columns(rule, report)
  local columns = rule.columns
  if columns == nil then return {} end
  local ok = params.is_list(columns)
  for i = 1, ok and #columns or 0 do ok = ok and type(columns[i]) == "string" end
  if ok then return columns end
  report("columns", "columns is a list of names such as { \"amount\" }")
  return {}
end

local function check_body(rule, report)
  if type(rule.check) ~= "function" then
    report("check", "check = function(b, p) .. end is missing")
  end
  if type(rule.doc) ~= "string" or not rule.doc:find("%S") then
    report("doc", "doc is missing: one sentence that says what must be true")
  end
  if rule.dimension ~= nil and type(rule.dimension) ~= "string" then
    report("dimension", "dimension is a text such as \"accuracy\", not " .. shown(rule.dimension))
  end
  if rule.validate ~= nil and type(rule.validate) ~= "function" then
    report("validate", "validate is a function of the arguments, not " .. shown(rule.validate))
  end
  local depends = rule.depends
  if depends ~= nil and depends ~= "row" and depends ~= "batch" and depends ~= "stream" then
    report("depends", "depends is \"row\", \"batch\" or \"stream\", not " .. shown(depends))
  end
end

-- The rule's own values of the common keys; "$name" stays until arguments are bound.
local function check_common(rule, report)
  local values = {}
  for _, key in ipairs(params.names_of(common)) do
    local v = rule[key]
    if type(v) == "string" and v:find("^%$") then
      values[key] = v
    elseif v ~= nil then
      local value, why = common[key](v)
      if why then report(key, key .. ": " .. why) end
      values[key] = value
    end
  end
  return values
end

-- A constructor call: what a topic's `rules` list holds until its arguments are bound.
local call_mark = {}

local function is_call(v) return type(v) == "table" and rawget(v, call_mark) == true end

local function constructor(kind)
  return function(args)
    local path, line = tg.caller()
    return { [call_mark] = true, kind = kind, args = args, path = path, line = line }
  end
end

local function add_kind(name, kind, report)
  local other = kinds[name]
  if other then
    report(nil, "the name '" .. name .. "' is taken by " .. other.file.path
      .. ": choose another file name")
  elseif rawget(tg.api, name) ~= nil then
    report(nil, "the name '" .. name .. "' is taken by the script API: choose another file name")
  else
    kinds[name] = kind
    tg.api[name] = constructor(kind)
  end
end

local function add_aliases(rule, kind, report)
  if rule.aliases == nil then return end
  if type(rule.aliases) ~= "table" then
    return report("aliases", "aliases is a table such as { positive = { op = \">\", value = 0 } }")
  end
  for _, name in ipairs(params.names_of(rule.aliases)) do
    local preset = rule.aliases[name]
    if type(name) ~= "string" or type(preset) ~= "table" then
      report("aliases", "an alias is a name and the arguments it stands for")
    else
      local alias = { alias_of = kind.name }
      for key, value in next, kind do alias[key] = value end
      alias.name, alias.preset = name, preset
      add_kind(name, alias, report)
    end
  end
end

-- Registers what a rule file returned. file: { path, name, text, catalogue }.
local function load(file, rule)
  local report = function(key, message)
    tg.fault(file.path, tg.source.line_of(file, key), message)
  end
  if not check_shape(rule, report) then return end
  check_keys(rule, report)
  check_body(rule, report)
  local list = check_declared(rule, report)
  check_used(rule, list, file, report)
  local kind = {
    name = file.name, file = file, doc = rule.doc, dimension = rule.dimension,
    topics = rule.topics, params = list, declared = rule.params, preset = {},
    check = rule.check, validate = rule.validate,
    columns = check_columns(rule, report), reason = check_reason(rule, report),
    common = check_common(rule, report), tests = check_tests(rule, file, report),
  }
  all[#all + 1] = kind
  if rule.topics == nil then
    add_kind(file.name, kind, report)
    add_aliases(rule, kind, report)
  elseif not params.is_list(rule.topics) or #rule.topics == 0 then
    report("topics", "topics is a list such as { \"orders\" }, not " .. shown(rule.topics))
  elseif kinds[file.name] then
    report(nil, "the name '" .. file.name .. "' is taken by " .. kinds[file.name].file.path
      .. ": choose another file name")
  else
    active[#active + 1] = kind
  end
end

-- ---------------------------------------------------------------- arguments

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
    elseif common[key] then
      settings[key] = args[key]
    elseif common_later[key] then
      report("'" .. key .. "' is not available yet")
    else
      local names = { table.unpack(common_names) }
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
      local value, why = decl.check(v, topic.fields)
      if why then report(kind.name .. ": " .. decl.name .. ": " .. why) end
      p[decl.name] = value
    elseif not decl.optional then
      report(kind.name .. ": the argument '" .. decl.name .. "' is missing")
    end
  end
  return p
end

local function check_settings(kind, settings, p, report)
  local values = {}
  for key, v in next, kind.common do
    if type(v) == "string" and v:find("^%$") then
      local value, why = common[key](p[v:sub(2)])
      if why then report(kind.name .. ": " .. key .. " = \"" .. v .. "\": " .. why) end
      v = value
    end
    values[key] = v
  end
  for _, key in ipairs(params.names_of(settings)) do
    local value, why = common[key](settings[key])
    if why then report(kind.name .. ": " .. key .. ": " .. why) end
    values[key] = value
  end
  return values
end

local function name_of(kind, p)
  local subject = p.column or p.columns and table.concat(p.columns, ",")
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

local function validated(kind, p, topic, report)
  if not kind.validate then return end
  local ok, why = pcall(kind.validate, p, topic.fields)
  if not ok then
    report(kind.name .. ": validate raised: " .. tostring(why))
  elseif type(why) == "string" then
    report(kind.name .. ": " .. why)
  elseif why == false then
    report(kind.name .. ": these arguments cannot be judged")
  end
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
  local values = check_settings(kind, settings, p, tell)
  for _, name in ipairs(kind.columns) do
    local _, why = params.column(name, topic.fields)
    if why then tell(kind.name .. ": columns: " .. why) end
  end
  if count == 0 then validated(kind, p, topic, tell) end
  if count > 0 then return nil end
  local id = values.id or name_of(kind, p)
  return {
    id = id, place = place, check = kind.check, p = p, column = p.column, where = values.where,
    nulls = values.nulls or "skip", mostly = values.mostly or 1.0,
    on_fail = values.on_fail or "tag",
    warn = values.warn, critical = values.critical, min_rows = values.min_rows or 100,
    reason = reason_of(kind, p, topic, id),
  }
end

-- Every kind and every active rule for people, ordered by name: name, path, dimension, doc,
-- params (the declarations, a line each), alias_of, topics.
local function describe()
  local out, names = {}, {}
  local add = function(kind)
    out[#out + 1] = {
      kind.name, kind.file.path, kind.dimension or "", kind.doc or "",
      type(kind.declared) == "table" and table.concat(kind.declared, "\n") or "",
      kind.alias_of or "",
      type(kind.topics) == "table" and table.concat(kind.topics, ", ") or "",
    }
  end
  for name in next, kinds do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do add(kinds[name]) end
  for _, kind in ipairs(active) do add(kind) end
  return out
end

return {
  load = load, bind = bind, describe = describe, is_call = is_call,
  kinds = kinds, active = active, all = all,
}
