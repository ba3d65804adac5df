-- prelude_rules.lua: reads rule files and makes the constructors of rule kinds.
local tg = ...
local params, common = tg.params, tg.common
local shown, did_you_mean = params.shown, params.did_you_mean

local kinds = {}        -- name -> kind, aliases too
local all = {}          -- every rule file's rule, in the order loaded
local active = {}       -- rules with `topics`, in the order of their files

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
    elseif seen[p.name] or common.checks[p.name] or common.later[p.name] then
      report("params", "the parameter name '" .. p.name .. "' is taken"
        .. (seen[p.name] and " twice" or ": every rule has it"))
    else
      seen[p.name] = true
      list[#list + 1] = p
    end
  end
  return list
end

local by_engine = { ignore_row_if = true } -- the engine itself reads these arguments

local function check_used(rule, list, file, report)
  for _, p in ipairs(list) do
    local dotted = file.text:find("%." .. p.name .. "%f[^%w_]")
    local named = file.text:find("$" .. p.name, 1, true)
    local body = type(rule.check or rule.measure) == "function"
    if body and not dotted and not named and not by_engine[p.name] then
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
    seen_to_fail = seen_to_fail or fails or test.verdict == "fail" or test.fires ~= nil
  end
  if file.catalogue and not seen_to_fail then
    report("tests", "no test in which the rule is seen to fail: a rule of the catalogue needs one")
  end
  return tests
end

local function check_keys(rule, report)
  for _, key in ipairs(params.names_of(rule)) do
    if common.file_later[key] or common.later[key] then
      report(key, "'" .. key .. "' is not available yet")
    elseif not common.file_keys[key] and not common.checks[key] then
      report(key, "unknown key '" .. tg.shown(key) .. "' in a rule"
        .. did_you_mean(key, common.known_names))
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

-- A rule has one of two forms: check, or measure and judge.
local function check_forms(rule, report)
  for _, key in ipairs { "check", "measure", "judge" } do
    if rule[key] ~= nil and type(rule[key]) ~= "function" then
      report(key, key .. " is a function, not " .. shown(rule[key]))
    end
  end
  if rule.check ~= nil and (rule.measure ~= nil or rule.judge ~= nil) then
    report("check", "a rule has either check or measure and judge, not both")
  elseif rule.measure ~= nil and rule.judge == nil then
    report("measure", "judge = function(m, p) .. end is missing: it judges what measure returns")
  elseif rule.judge ~= nil and rule.measure == nil and rule.every == nil then
    report("judge", "measure = function(b, p) .. end is missing: judge judges what it returns")
  elseif rule.check == nil and rule.judge == nil then
    report("check", "check = function(b, p) .. end is missing (or measure and judge)")
  end
end

-- How often a rule is judged by the clock, or "$name"; nil: it is not.
local function check_every(rule, report)
  local every = rule.every
  if every == nil or type(every) == "string" and every:find("^%$") then return every end
  local us, why = params.duration_us(every)
  if us and us < 1000000 then why = "once a second is the most" end
  if why then report("every", "every: " .. why) end
  if rule.judge == nil then
    report("every", "every: judge = function(m, p, s, t) .. end is missing")
  end
  return every
end

local function check_body(rule, report)
  check_forms(rule, report)
  tg.state.check(rule, report)
  if type(rule.doc) ~= "string" or not rule.doc:find("%S") then
    report("doc", "doc is missing: one sentence that says what must be true")
  end
  if rule.dimension ~= nil and type(rule.dimension) ~= "string" then
    report("dimension", "dimension is a text such as \"accuracy\", not " .. shown(rule.dimension))
  end
  if rule.validate ~= nil and type(rule.validate) ~= "function" then
    report("validate", "validate is a function of the arguments, not " .. shown(rule.validate))
  end
  if rule.on ~= nil and rule.on ~= "event" then
    report("on", "on is \"event\" (decoded rows before transform), not " .. shown(rule.on))
  end
  local depends = rule.depends
  if depends ~= nil and depends ~= "row" and depends ~= "batch" and depends ~= "stream" then
    report("depends", "depends is \"row\", \"batch\" or \"stream\", not " .. shown(depends))
  end
  if rule.levels ~= nil and (rule.levels ~= "value" or rule.measure == nil) then
    report("levels", "levels = \"value\" is all it can be, in a rule with measure: warn and"
      .. " critical are compared with the value that judge saw")
  end
end

-- The rule's own values of the common keys; "$name" stays until arguments are bound.
local function check_common(rule, report)
  local values = {}
  for _, key in ipairs(params.names_of(common.checks)) do
    local v = rule[key]
    if type(v) == "string" and v:find("^%$") then
      values[key] = v
    elseif v ~= nil then
      local value, why = common.checks[key](v)
      if why then report(key, key .. ": " .. why) end
      if key == "where" then value = v end -- a condition is compiled for each topic
      values[key] = value
    end
  end
  common.check_form(values, rule, report)
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
    depends = rule.depends, levels = rule.levels, state = rule.state,
    every = check_every(rule, report),
    on_event = rule.on == "event", validate = rule.validate,
    check = rule.check, measure = rule.measure, judge = rule.judge,
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

-- The declarations of the parameters, a line each; a default that is a table is left out.
local function declarations(declared)
  local lines = {}
  for i, entry in ipairs(type(declared) == "table" and declared or {}) do
    lines[i] = type(entry) == "table" and entry[1] or entry
  end
  return table.concat(lines, "\n")
end

-- Every kind and every active rule for people, ordered by name: name, path, dimension, doc,
-- params (the declarations, a line each), alias_of, topics.
local function describe()
  local out, names = {}, {}
  local add = function(kind)
    out[#out + 1] = {
      kind.name, kind.file.path, kind.dimension or "", kind.doc or "",
      declarations(kind.declared),
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
  load = load, bind = tg.bind.bind, describe = describe, is_call = is_call,
  kinds = kinds, active = active, all = all,
}
