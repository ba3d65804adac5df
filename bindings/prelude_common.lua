-- prelude_common.lua: the arguments that every rule takes, and the keys of a rule file.
local tg = ...
local params = tg.params
local shown = params.shown

local function one_of(...)
  local map = {}
  for _, name in ipairs { ... } do map[name] = true end
  local names = "'" .. table.concat(params.names_of(map), "', '") .. "'"
  return function(v)
    if type(v) == "string" and map[v] then return v end
    return nil, "one of " .. names .. " is due, not " .. shown(v)
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

local function flag(v)
  if type(v) == "boolean" then return v end
  return nil, "true or false is due, not " .. shown(v)
end

local function text(v)
  if type(v) == "string" and v ~= "" then return v end
  return nil, "a text is due, not " .. shown(v)
end

local common = {
  where = function(v, fields) return params.mask(v, fields) end,
  nulls = one_of("skip", "fail", "pass"),
  mostly = function(v)
    if type(v) == "number" and v >= 0 and v <= 1 then return v end
    return nil, "a number from 0 to 1 is due, not " .. shown(v)
  end,
  on_fail = one_of("tag", "quarantine", "drop"),
  warn = level,
  critical = level,
  over = function(v)
    if v == "batch" then return v end
    local us, why = params.duration_us(v)
    if us and us < 1000000 then why = "a window is at least 1s long" end
    if why then return nil, why end
    return v
  end,
  min_rows = function(v)
    if math.type(v) == "integer" and v >= 0 then return v end
    return nil, "a whole number from 0 is due, not " .. shown(v)
  end,
  empty = one_of("fail", "pass", "skip"),
  as = one_of("timestamp", "date", "number"),
  per_partition = flag,
  shadow = flag,
  bake = function(v)
    local us, why = params.duration_us(v)
    if us then return us end
    return nil, why
  end,
  id = text,
  owner = text,
  version = function(v)
    if type(v) == "string" or math.type(v) == "integer" then return v end
    return nil, "a text or a whole number is due, not " .. shown(v)
  end,
}
local later = {}

-- What only one of the two forms of a rule understands: it judges rows, or measures them.
local only_check = {
  on_fail = "no row fails a measure: take on_fail out",
  mostly = "no row fails a measure: take mostly out, and give the bounds themselves",
  nulls = "a measure leaves nulls out: take `nulls` out",
}
local only_measure = { empty = "a check passes when there is nothing to judge: take `empty` out" }

-- Over what a measure is taken unless it says so; the levels of a check count over the batch.
local over_default = "5m"

local file_keys = {
  doc = true, dimension = true, params = true, topics = true, columns = true, depends = true,
  check = true, measure = true, judge = true, every = true, on = true, state = true,
  validate = true, aliases = true, reason = true, tests = true, levels = true,
}
local file_later = { property = true }

local known_names, names = {}, {}
for _, map in ipairs { file_keys, file_later, common, later } do
  for name in next, map do known_names[#known_names + 1] = name end
end
for _, map in ipairs { common, later } do
  for name in next, map do names[#names + 1] = name end
end

-- Refuses what the rule's form has no use for. values: checked arguments; rule: its form.
local function check_form(values, rule, report)
  local is_measure, by_value = rule.judge ~= nil, rule.levels == "value"
  for key, why in next, is_measure and only_check or only_measure do
    if values[key] ~= nil then report(key, key .. ": " .. why) end
  end
  for _, key in ipairs { "warn", "critical" } do
    local v = is_measure and values[key]
    if type(v) == "table" and v.share and not by_value then
      report(key, key .. ": a measure that fails counts as one failing row: write a count, such as "
        .. key .. " = 1")
    end
  end
end

return {
  checks = common, later = later, names = names, file_keys = file_keys, file_later = file_later,
  known_names = known_names, check_form = check_form, over_default = over_default,
}
