-- prelude_expr.lua: conditions and values written as text, "kind ~= 'refund' and amount > 0": Lua's
-- syntax and precedence over column names, compiled into operations on whole columns.
--
-- A parsed node is { at, class, const = value } or { at, class, run = function(b) -> column }.
-- Logic is SQL's, in three values; `x == nil` asks whether x is null. Values of different type are
-- unequal; ordering them is a fault, like everything that can be known from the types of columns.
local tg = ...
local params = tg.params
local shown, did_you_mean = params.shown, params.did_you_mean

local text_max, depth_max = 4096, 50
local null = tg.null

-- Raised inside this file only: where and what.
local function fail(at, message) error({ at = at, message = message }, 0) end

-- ---------------------------------------------------------------- tokens

local escapes = { n = "\n", t = "\t", r = "\r", ["\\"] = "\\", ["'"] = "'", ['"'] = '"' }

local function read_string(text, at)
  local quote, parts, i = text:sub(at, at), {}, at + 1
  while true do
    local c = text:sub(i, i)
    if c == "" then fail(at, "the text that begins here does not end") end
    if c == quote then return table.concat(parts), i + 1 end
    if c == "\\" then
      i = i + 1
      c = escapes[text:sub(i, i)]
      if not c then fail(i - 1, "an unknown escape: \\n \\t \\r \\\\ \\' \\\" are known") end
    end
    parts[#parts + 1] = c
    i = i + 1
  end
end

local words = {
  ["and"] = true, ["or"] = true, ["not"] = true, ["true"] = true, ["false"] = true, ["nil"] = true,
  null = true,
}
local symbols = { "==", "~=", "<=", ">=", "//", "..", "<", ">", "+", "-", "*", "/", "%", "(", ")",
  "[", "]", "," }

local function read_symbol(text, at)
  for _, symbol in ipairs(symbols) do
    if text:sub(at, at + #symbol - 1) == symbol then return symbol end
  end
  local hint = { ["="] = "; write ==", ["!"] = "; write ~= or not", ["&"] = "; write and",
    ["|"] = "; write or" }
  local c = text:sub(at, at)
  fail(at, shown(c) .. " is not expected" .. (hint[c] or ""))
end

local function read_token(text, at)
  local c = text:sub(at, at)
  if c == "'" or c == '"' then
    local value, after = read_string(text, at)
    return { kind = "text", value = value, at = at }, after
  end
  local name = text:match("^[%a_][%w_]*", at)
  if name then
    return { kind = words[name] and name or "name", value = name, at = at }, at + #name
  end
  local digits = text:match("^[%d.][%w.]*[eEpP][+-]%w+", at) or text:match("^%.?%d[%w.]*", at)
  if digits then
    local n = tonumber(digits)
    if not n then fail(at, shown(digits) .. " is no number") end
    return { kind = "number", value = n, at = at }, at + #digits
  end
  local symbol = read_symbol(text, at)
  return { kind = symbol, value = symbol, at = at }, at + #symbol
end

local function tokens_of(text)
  local list, at = {}, 1
  if #text > text_max then fail(1, "the condition is longer than " .. text_max .. " bytes") end
  while true do
    at = text:find("%S", at)
    if not at then break end
    list[#list + 1], at = read_token(text, at)
  end
  list[#list + 1] = { kind = "end", value = "the end", at = #text + 1 }
  return list
end

-- ---------------------------------------------------------------- types

local classes = {
  { "%[%]$", "array" }, { "^bool", "boolean" }, { "^smallint", "number" }, { "^integer", "number" },
  { "^bigint", "number" }, { "^real", "number" }, { "^double", "number" }, { "^numeric", "number" },
  { "^text", "text" }, { "^character", "text" }, { "^uuid", "uuid" }, { "^date", "time" },
  { "^timestamp", "time" }, { "^time ", "clock" }, { "^interval", "interval" },
  { "^json", "json" },
}

local function class_of(kind)
  for _, entry in ipairs(classes) do
    if kind:find(entry[1]) then return entry[2] end
  end
  return kind
end

-- A text literal beside one of these is read as such.
local read_as = { time = true, clock = true, uuid = true, interval = true }

local function alike(a, b)
  if a.class == b.class or a.class == "any" or b.class == "any" then return true end
  if a.class == "json" or b.class == "json" then return true end
  local text, other = a, b
  if other.const ~= nil then text, other = b, a end
  return text.class == "text" and text.const ~= nil and read_as[other.class] == true
end

-- ---------------------------------------------------------------- nodes

local function all_rows(b) return b:kafka_offset():not_null() end

-- The node's value for whole columns; a boolean constant becomes a mask.
local function mask_of(node)
  if node.run then return node.run end
  if node.const == null then return function(b) return b:kafka_offset():eq(null) end end
  if node.const then return all_rows end
  return function(b) return ~all_rows(b) end
end

local function value_of(node)
  if node.run then return node.run end
  local const = node.const
  return function() return const end
end

-- A node made of columns; what the columns refuse is told with its place.
local function made(at, class, run)
  return { at = at, class = class, run = function(b)
    local ok, result = pcall(run, b)
    if ok then return result end
    if type(result) == "string" and result:find("^position ") then error(result, 0) end
    error("position " .. at .. ": " .. tostring(result):gsub("^prelude_expr%.lua:%d+: ", ""), 0)
  end }
end

local function constant(at, value)
  local class = value == null and "null" or type(value)
  return { at = at, class = class == "string" and "text" or class, const = value }
end

local function want_boolean(node)
  if node.class == "boolean" or node.class == "null" or node.class == "any" then return node end
  fail(node.at, "a condition was expected, not " .. node.class .. ": compare it with something")
end

local function logic(op, a, b)
  want_boolean(a)
  want_boolean(b)
  local left, right = mask_of(a), mask_of(b)
  return made(op.at, "boolean", function(batch)
    if op.kind == "and" then return left(batch) & right(batch) end
    return left(batch) | right(batch)
  end)
end

local function negation(op, a)
  local mask = mask_of(want_boolean(a))
  return made(op.at, "boolean", function(b) return ~mask(b) end)
end

local orders = {
  ["<"] = function(a, b) return a < b end, ["<="] = function(a, b) return a <= b end,
  [">"] = function(a, b) return a > b end, [">="] = function(a, b) return a >= b end,
}
local methods = { ["<"] = "lt", ["<="] = "le", [">"] = "gt", [">="] = "ge" }
local mirrored = { ["<"] = "gt", ["<="] = "ge", [">"] = "lt", [">="] = "le" }

local function fold_comparison(op, a, b)
  if a.const == null or b.const == null then return constant(op.at, null) end
  if op.kind == "==" then return constant(op.at, a.const == b.const) end
  if op.kind == "~=" then return constant(op.at, a.const ~= b.const) end
  return constant(op.at, orders[op.kind](a.const, b.const))
end

-- x == nil, x ~= nil: whether x is null.
local function null_test(op, a)
  local value, want = a.run, op.kind == "=="
  return made(op.at, "boolean", function(b)
    if want then return value(b):is_null() end
    return value(b):not_null()
  end)
end

local function equality(op, a, b)
  if a.const == null then return null_test(op, b) end
  if b.const == null then return null_test(op, a) end
  if not a.run then a, b = b, a end
  local left, right, want = a.run, value_of(b), op.kind == "=="
  return made(op.at, "boolean", function(batch)
    local same = left(batch):equals(right(batch))
    if want then return same end
    return ~same
  end)
end

local function ordering(op, a, b)
  if not alike(a, b) then
    fail(op.at, a.class .. " and " .. b.class .. " have no order between them")
  end
  local name = methods[op.kind]
  if not a.run then a, b, name = b, a, mirrored[op.kind] end
  local left, right = a.run, value_of(b)
  return made(op.at, "boolean", function(batch)
    local column = left(batch)
    return column[name](column, right(batch))
  end)
end

local function comparison(op, a, b)
  local nulls = a.const == null or b.const == null
  local equal = op.kind == "==" or op.kind == "~="
  if not equal and not nulls and not a.run and not b.run and not alike(a, b) then
    fail(op.at, a.class .. " and " .. b.class .. " have no order between them")
  end
  if not a.run and not b.run then return fold_comparison(op, a, b) end
  if equal then return equality(op, a, b) end
  if nulls then fail(op.at, "an order with nil is never true: write == nil or ~= nil") end
  return ordering(op, a, b)
end

local arithmetic = {
  ["+"] = function(a, b) return a + b end, ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end, ["/"] = function(a, b) return a / b end,
  ["//"] = function(a, b) return a // b end, ["%"] = function(a, b) return a % b end,
  [".."] = function(a, b) return a .. b end,
}

-- The class of a result; times: a difference is an interval, a time and an interval give a time.
local function result_class(op, a, b)
  if op.kind == ".." then return "text" end
  if a.class == "number" and b.class == "number" then return "number" end
  if a.class == "time" and b.class == "time" and op.kind == "-" then return "interval" end
  if a.class == "time" and b.class == "interval" then return "time" end
  return "any"
end

local joins = { text = true, number = true, any = true }
local calculates = { number = true, time = true, interval = true, any = true }

local function calculation(op, a, b)
  for _, node in ipairs { a, b } do
    local fits = calculates[node.class]
    if op.kind == ".." then fits = joins[node.class] end
    if not fits then
      fail(node.at, (op.kind == ".." and "a text" or "a number") .. " was expected beside '"
        .. op.kind .. "', not " .. node.class)
    end
  end
  local apply = arithmetic[op.kind]
  if a.run or b.run then
    local left, right = value_of(a), value_of(b)
    return made(op.at, result_class(op, a, b), function(batch)
      return apply(left(batch), right(batch))
    end)
  end
  local ok, value = pcall(apply, a.const, b.const)
  if not ok then fail(op.at, "these values cannot be calculated with") end
  return constant(op.at, value)
end

local function minus(op, a)
  if not calculates[a.class] then
    fail(a.at, "a number was expected behind '-', not " .. a.class)
  end
  if a.const then return constant(op.at, -a.const) end
  local value = a.run
  return made(op.at, a.class, function(b) return -value(b) end)
end

-- ---------------------------------------------------------------- functions

local function fold_pick(pick, list)
  local values = {}
  for i, node in ipairs(list) do values[i] = node.const end
  return pick(table.unpack(values))
end

local function picker(name, call, fold)
  return function(at, list)
    local columns
    if #list < 2 then fail(at, name .. " needs two values at least") end
    for _, node in ipairs(list) do
      if not calculates[node.class] then
        fail(node.at, "a number was expected in " .. name .. "(), not " .. node.class)
      end
      columns = columns or node.run
    end
    if not columns then return constant(at, fold_pick(fold, list)) end
    return made(at, list[1].class, function(b)
      local values = {}
      for i, node in ipairs(list) do values[i] = value_of(node)(b) end
      return call(table.unpack(values))
    end)
  end
end

local functions = {
  min = picker("min", tg.api.least, math.min),
  max = picker("max", tg.api.greatest, math.max),
  abs = function(at, list)
    local a = list[1]
    if #list ~= 1 then fail(at, "abs needs one value") end
    if a.class ~= "number" and a.class ~= "any" then
      fail(a.at, "a number was expected in abs(), not " .. a.class)
    end
    if a.const then return constant(at, math.abs(a.const)) end
    return made(at, a.class, function(b) return a.run(b):abs() end)
  end,
}

-- ---------------------------------------------------------------- grammar

-- Binding powers, left and right, as in Lua's manual; `..` binds to the right.
local powers = {
  ["or"] = { 1, 1 }, ["and"] = { 2, 2 }, ["<"] = { 3, 3 }, [">"] = { 3, 3 }, ["<="] = { 3, 3 },
  [">="] = { 3, 3 }, ["~="] = { 3, 3 }, ["=="] = { 3, 3 }, [".."] = { 9, 8 }, ["+"] = { 10, 10 },
  ["-"] = { 10, 10 }, ["*"] = { 11, 11 }, ["/"] = { 11, 11 }, ["//"] = { 11, 11 },
  ["%"] = { 11, 11 },
}
local unary_power = 12

local function combine(op, a, b)
  if op.kind == "and" or op.kind == "or" then return logic(op, a, b) end
  if arithmetic[op.kind] then return calculation(op, a, b) end
  return comparison(op, a, b)
end

local parse -- forward

local function peek(s) return s.tokens[s.next] end

local function take(s)
  s.next = s.next + 1
  return s.tokens[s.next - 1]
end

local function expect(s, kind, what)
  local token = take(s)
  if token.kind ~= kind then fail(token.at, what .. " was expected, not " .. token.value) end
  return token
end

-- fields nil: the columns are not known yet, every name is taken.
local function column(s, at, name)
  local kind = s.fields and s.fields[name]
  if s.fields and not kind then
    fail(at, "there is no column '" .. tg.shown(name) .. "'"
      .. did_you_mean(name, params.names_of(s.fields)))
  end
  return made(at, kind and class_of(kind) or "any", function(b) return b[name] end)
end

local function arguments(s)
  local list = {}
  take(s)
  if peek(s).kind ~= ")" then
    repeat
      list[#list + 1] = parse(s, 0)
      local more = peek(s).kind == ","
      if more then take(s) end
    until not more
  end
  expect(s, ")", "')' or ','")
  return list
end

local function named(s, token)
  local after = peek(s).kind
  if after == "(" then
    local call = functions[token.value]
    if not call then
      fail(token.at, "there is no function '" .. tg.shown(token.value)
        .. "': abs, max, min are known")
    end
    return call(token.at, arguments(s))
  elseif after == "[" and token.value == "col" then
    take(s)
    local name = expect(s, "text", "the name of a column as text")
    expect(s, "]", "']'")
    return column(s, token.at, name.value)
  end
  return column(s, token.at, token.value)
end

local constants = { ["true"] = true, ["false"] = false, ["nil"] = null, null = null }

local function primary(s)
  local token = take(s)
  if token.kind == "name" then return named(s, token) end
  if token.kind == "number" or token.kind == "text" then
    return constant(token.at, token.value)
  end
  if constants[token.kind] ~= nil then return constant(token.at, constants[token.kind]) end
  if token.kind == "not" then return negation(token, parse(s, unary_power)) end
  if token.kind == "-" then return minus(token, parse(s, unary_power)) end
  if token.kind == "(" then
    local inner = parse(s, 0)
    expect(s, ")", "')'")
    return inner
  end
  fail(token.at, "a column, a value or '(' was expected, not " .. token.value)
end

parse = function(s, limit)
  s.depth = s.depth + 1
  if s.depth > depth_max then
    fail(peek(s).at, "more than " .. depth_max .. " levels of nesting")
  end
  local left = primary(s)
  while powers[peek(s).kind] and powers[peek(s).kind][1] > limit do
    local op = take(s)
    left = combine(op, left, parse(s, powers[op.kind][2]))
  end
  s.depth = s.depth - 1
  return left
end

local function read(text, fields)
  local s = { tokens = tokens_of(text), next = 1, fields = fields, depth = 0 }
  local node = parse(s, 0)
  expect(s, "end", "an operator or the end")
  return node
end

local function guarded(reading, text, fields)
  local ok, result = pcall(reading, text, fields)
  if ok then return result end
  if type(result) ~= "table" then error(result, 0) end
  return nil, "position " .. result.at .. " of " .. shown(text) .. ": " .. result.message
end

-- function(b) -> boolean column of a condition, or nil and why not. fields: name -> type; nil: only
-- the syntax is looked at.
local function mask(text, fields)
  return guarded(function()
    return mask_of(want_boolean(read(text, fields)))
  end, text, fields)
end

-- function(b) -> column or plain value of an expression, or nil and why not.
local function value(text, fields)
  return guarded(function() return value_of(read(text, fields)) end, text, fields)
end

return { mask = mask, value = value }
