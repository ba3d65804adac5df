-- prelude_given.lua: the data of inline tests: the helpers that make them, and what `given` says as
-- rows and types.
local tg = ...
local params = tg.params

-- ---------------------------------------------------------------- helpers that tests call

local instants = setmetatable({}, { __name = "instants" }) -- marks the lists that at() made

-- Year, month, day of a day number counted from 1970-01-01 (Howard Hinnant, "chrono-compatible
-- low-level date algorithms").
local function civil(days)
  days = days + 719468
  local era = days // 146097
  local doe = days - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1
end

local base_us = 1767225600000000 -- 2026-01-01T00:00:00Z

-- at("0s", "1s"): instants that long after 2026-01-01T00:00:00Z.
local function at(...)
  local list = { [instants] = true }
  for i, after in ipairs { ... } do
    local us, why = params.duration_us(after)
    if not us then error("at(): " .. why, 2) end
    us = base_us + us
    local seconds = us // 1000000
    local year, month, day = civil(seconds // 86400)
    local s = seconds % 86400
    list[i] = string.format("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", year, month, day, s // 3600,
      s // 60 % 60, s % 60, us % 1000000)
  end
  return list
end

-- uuid(1): the same uuid each time, another one for each number.
local function uuid(n)
  if math.type(n) ~= "integer" then error("uuid(): a whole number is due", 2) end
  return string.format("00000000-0000-4000-8000-%012x", n & 0xffffffffffff)
end

tg.api.at, tg.api.uuid = at, uuid

-- ---------------------------------------------------------------- given -> rows and types

local function columns_to_rows(columns)
  local rows, count = {}, 0
  for _, values in next, columns do count = math.max(count, #values) end
  for i = 1, count do
    rows[i] = {}
    for name, values in next, columns do
      local v = values[i]
      if v == nil then v = tg.null end
      rows[i][name] = v
    end
  end
  return rows
end

local function all_lists(t)
  local any = false
  for key, v in next, t do
    if type(key) ~= "string" or type(v) ~= "table" then return false end
    any = true
  end
  return any
end

-- Columns, a list of rows, or a list of batches of columns -> a list of lists of rows.
local function batches_of(given)
  if #given == 0 then return { columns_to_rows(given) } end
  for _, part in ipairs(given) do
    if type(part) ~= "table" or not all_lists(part) then return { given } end
  end
  local batches = {}
  for i, part in ipairs(given) do batches[i] = columns_to_rows(part) end
  return batches
end

local function merge(a, b)
  if a == nil or a == b then return b end
  local number = { bigint = true, ["double precision"] = true }
  if number[a] and number[b] then return "double precision" end
  return "jsonb"
end

local lua_types = { string = "text", boolean = "boolean", table = "jsonb" }

local function infer(batches)
  local types = {}
  for _, rows in ipairs(batches) do
    for _, row in ipairs(rows) do
      for name, v in next, type(row) == "table" and row or {} do -- a text is an event as it came
        types[name] = types[name] or false
        if v ~= tg.null then
          local kind = lua_types[type(v)]
            or (math.type(v) == "integer" and "bigint" or "double precision")
          types[name] = merge(types[name] or nil, kind)
        end
      end
    end
  end
  for name, kind in next, types do types[name] = kind or "text" end
  return types
end

-- What the lists themselves tell: at() made instants, and a column without a value is text.
local function list_columns(given, types)
  local parts = #given == 0 and { given } or given
  for _, part in ipairs(parts) do
    for name, values in next, type(part) == "table" and part or {} do
      local kind = type(values) == "table" and values[instants] and "timestamp with time zone"
      if type(name) == "string" then types[name] = kind or types[name] or "text" end
    end
  end
end

local function column_list(types)
  local list = {}
  for i, name in ipairs(params.names_of(types)) do list[i] = { name, types[name] } end
  return list
end

-- name -> type of the given batches; `given` may be nil when only the rows are known.
local function types_of(batches, given)
  local types = infer(batches)
  if given then list_columns(given, types) end
  return types
end

local clock_names = { "now", "newest", "newest_event", "watermark", "since" }
local clock_keys = {}
for _, name in ipairs(clock_names) do clock_keys[name] = true end

-- { { now = "5m", newest = "0s" }, .. } as microseconds since 1970; nil and why when it is not so.
local function clock_of(list)
  if not params.is_list(list) or #list == 0 then
    return nil, "clock is a list such as { { now = \"5m\", newest = \"0s\" } }, not "
      .. params.shown(list)
  end
  local out = {}
  for i, facts in ipairs(list) do
    if type(facts) ~= "table" or facts.now == nil then return nil, "clock: now is missing" end
    out[i] = { since = base_us }
    for key, after in next, facts do
      if not clock_keys[key] then
        return nil, "clock: it tells " .. table.concat(clock_names, ", ") .. ", not "
          .. params.shown(key)
      end
      local us, why = params.duration_us(after)
      if not us then return nil, "clock: " .. key .. ": " .. why end
      out[i][key] = base_us + us
    end
  end
  return out
end

local function is_instants(v) return type(v) == "table" and v[instants] == true end

return {
  is_instants = is_instants, batches_of = batches_of, types_of = types_of,
  column_list = column_list, clock_of = clock_of, merge = merge,
}
