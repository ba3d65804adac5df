-- prelude_params.lua: the parameters that a rule declares, and the arguments that a topic gives.
-- A declaration is "name kind[?] [= default]"; the kinds are listed in docs/LUA.md.
local tg = ...

local function is_list(v)
  if type(v) ~= "table" then return false end
  local count = 0
  for _ in next, v do count = count + 1 end
  return count == #v
end

local function is_scalar(v)
  local t = type(v)
  return t == "string" or t == "number" or t == "boolean"
end

-- Text for messages: quoted, shortened, one line.
local function shown(v)
  if type(v) == "string" then return "'" .. tg.shown(v) .. "'" end
  if type(v) == "number" or type(v) == "boolean" or v == nil then return tostring(v) end
  if v == tg.null then return "null" end
  return "a " .. type(v)
end

local function did_you_mean(word, names)
  local near = tg.nearest(word, names)
  return near and ("; did you mean '" .. near .. "'?") or ""
end

local function names_of(map)
  local names = {}
  for name in next, map do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function column(v, fields)
  if type(v) ~= "string" then return nil, "a column name (text) is due, not " .. shown(v) end
  if not fields[v] then
    return nil, "there is no column '" .. tg.shown(v) .. "'" .. did_you_mean(v, names_of(fields))
  end
  return v
end

local function list_of(check)
  return function(v, fields)
    if not is_list(v) or #v == 0 then
      return nil, "a list such as { \"a\", \"b\" } is due, not " .. shown(v)
    end
    for i = 1, #v do
      local _, why = check(v[i], fields)
      if why then return nil, why end
    end
    return v
  end
end

local function of_type(name, text)
  return function(v)
    if type(v) ~= name then return nil, text .. " is due, not " .. shown(v) end
    return v
  end
end

local function share(v)
  local percent = type(v) == "string" and v:match("^(%d+%.?%d*)%%$")
  local n = percent and tonumber(percent) / 100 or v
  if type(n) ~= "number" or not (n >= 0 and n <= 1) then
    return nil, "a share from 0 to 1 or '5%' is due, not " .. shown(v)
  end
  return n
end

local units = { us = 1, ms = 1000, s = 1000000, m = 60000000, h = 3600000000, d = 86400000000 }

-- Microseconds of "90s", "24h", "7d"; nil and why when it is no duration.
local function duration_us(v)
  local n, unit
  if type(v) == "string" then n, unit = v:match("^(%d+)(%a+)$") end
  if not n or #n > 12 or not units[unit] then
    return nil, "a duration such as '90s', '24h' or '7d' is due, not " .. shown(v)
  end
  return math.tointeger(n) * units[unit]
end

local function number(v)
  if type(v) ~= "number" or v ~= v then return nil, "a number is due, not " .. shown(v) end
  return v
end

local function set(v)
  if not is_list(v) then return nil, "a list of values is due, not " .. shown(v) end
  for i = 1, #v do
    if not is_scalar(v[i]) and v[i] ~= tg.null then
      return nil, "a set holds texts, numbers and booleans, not " .. shown(v[i])
    end
  end
  return v
end

-- A function of the batch, or a text that prelude_expr.lua makes one of.
local function written(form, due)
  return function(v, fields)
    if type(v) == "function" then return v end
    if type(v) ~= "string" then return nil, due .. " is due, not " .. shown(v) end
    return tg.expr[form](v, fields)
  end
end

-- The name of a lookup that the topic declares, or that the test gives.
local function lookup(v, _, lookups)
  if type(v) ~= "string" then return nil, "the name of a lookup is due, not " .. shown(v) end
  if not (lookups and lookups[v]) then
    return nil, "the topic has no lookup '" .. tg.shown(v) .. "'"
      .. did_you_mean(v, names_of(lookups or {}))
  end
  return v
end

-- What a distribution is compared with: a list of values, or values (or bins) and their weights.
local function reference(v)
  local form = "a list of values, or { values = {..}, weights = {..} }, is due, not "
  if type(v) ~= "table" then return nil, form .. shown(v) end
  local list = v.values or v.bins or v
  if not is_list(list) or #list == 0 then return nil, form .. "one without values" end
  for i = 1, #list do
    if not is_scalar(list[i]) then
      return nil, "a reference holds values, not " .. shown(list[i])
    end
  end
  if list ~= v and not is_list(v.weights) then return nil, form .. "one without weights" end
  return v
end

-- A measure: what measure.mean "amount" makes, or its form in JSON, { mean = "amount" }.
local function measure(v)
  if type(v) == "table" and type(v.take) == "function" then return v end
  local name, argument
  if type(v) == "table" then name, argument = next(v) end
  if type(name) ~= "string" or next(v, name) ~= nil then
    return nil, "a measure such as measure.mean \"amount\" is due, not " .. shown(v)
  end
  local makers = tg.measures
  local make = rawget(makers, name)
  if not make then
    return nil, "there is no measure '" .. tg.shown(name) .. "'"
      .. did_you_mean(name, names_of(makers))
  end
  local ok, made = pcall(make, table.unpack(is_list(argument) and argument or { argument }))
  if not ok then return nil, "measure." .. name .. ": " .. tostring(made) end
  return made
end

local kinds = {
  column = column,
  columns = list_of(column),
  value = function(v)
    if not is_scalar(v) then return nil, "a text, number or boolean is due, not " .. shown(v) end
    return v
  end,
  number = number,
  integer = function(v)
    local n = type(v) == "number" and math.tointeger(v)
    if not n then return nil, "a whole number is due, not " .. shown(v) end
    return n
  end,
  flag = of_type("boolean", "true or false"),
  share = share,
  duration = function(v)
    local _, why = duration_us(v)
    if why then return nil, why end
    return v
  end,
  zone = function(v)
    if type(v) ~= "string" then return nil, "a time zone is due, not " .. shown(v) end
    local why = tg.zone_fault(v)
    if why then return nil, why end
    return v
  end,
  set = set,
  measure = measure,
  pattern = of_type("string", "a pattern (text)"),
  text = of_type("string", "a text"),
  schema = function(v)
    if type(v) == "table" or type(v) == "string" then return v end
    return nil, "a JSON Schema is due, as a table or as text, not " .. shown(v)
  end,
  texts = function(v)
    local list = type(v) == "string" and { v } or v
    local ok = is_list(list) and #list > 0
    for i = 1, ok and #list or 0 do ok = ok and type(list[i]) == "string" end
    if not ok then return nil, "a text or a list of texts is due, not " .. shown(v) end
    return list
  end,
  list = function(v)
    if not is_list(v) then return nil, "a list is due, not " .. shown(v) end
    return v
  end,
  map = of_type("table", "a table"),
  mask = written("mask", "a function of the batch or a condition such as \"amount > 0\""),
  expression = written("value", "a function of the batch or an expression such as \"a + b\""),
  lookup = lookup,
  reference = reference,
  ["function"] = of_type("function", "a function"),
}

local function choice(options)
  return function(v)
    for _, option in ipairs(options) do
      if v == option then return v end
    end
    return nil, "one of '" .. table.concat(options, "', '") .. "' is due, not " .. shown(v)
  end
end

-- The function that checks a value of this kind; nil and why when there is no such kind.
local function checker(kind)
  if kinds[kind] then return kinds[kind] end
  if kind:find("|", 1, true) or kind:find("^[^%w]") then
    local options = {}
    for option in kind:gmatch("[^|]+") do options[#options + 1] = option end
    return choice(options)
  end
  return nil, "there is no parameter kind '" .. tg.shown(kind) .. "'"
    .. did_you_mean(kind, names_of(kinds))
end

local function literal(text)
  if text == "true" then return true end
  if text == "false" then return false end
  local quoted = text:match('^"(.*)"$')
  if quoted then return quoted end
  return tonumber(text) or text
end

-- Reads one declaration: { name, kind, check, optional, default }, or nil and why.
-- It is a text, or { text, default } where the default is a table.
local function declare(entry)
  local text, default = entry, nil
  if type(entry) == "table" then text, default = entry[1], entry[2] end
  if type(text) ~= "string" then
    return nil, "a parameter is declared as text, such as \"min value?\", not " .. shown(text)
  end
  local name, kind, optional, rest = text:match("^%s*([%a_][%w_]*)%s+([^%s?]+)(%??)%s*(.-)%s*$")
  if not name then return nil, "'" .. tg.shown(text) .. "' is not 'name kind[?] [= default]'" end
  local check, why = checker(kind)
  if not check then return nil, why end
  if rest ~= "" then
    local value = rest:match("^=%s*(.+)$")
    if not value then
      return nil, "'" .. tg.shown(rest) .. "' is not expected after the kind in '"
        .. tg.shown(text) .. "'"
    end
    default = literal(value)
  end
  return { name = name, kind = kind, check = check, optional = optional == "?", default = default }
end

return {
  mask = kinds.mask,
  declare = declare, shown = shown, is_list = is_list, did_you_mean = did_you_mean,
  names_of = names_of, share = share, duration_us = duration_us, column = column,
}
