-- prelude_series.lua: made-up data for tests: gen.*, series{..}; and lists of batches such as
-- "1-200,202-251". The same seed makes the same data everywhere.
local tg = ...
local params = tg.params
local shown = params.shown

-- ---------------------------------------------------------------- chance

-- Numbers in [0, 1) that follow from a seed: SplitMix64 (Steele, Lea, Flood, "Fast splittable
-- pseudorandom number generators", 2014).
local function random(seed)
  local state = seed
  return function()
    state = state + 0x9E3779B97F4A7C15
    local z = state
    z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ~ (z >> 27)) * 0x94D049BB133111EB
    z = z ~ (z >> 31)
    return (z >> 11) * 0x1p-53
  end
end

-- Two uniform numbers make a normal one (Box, Muller 1958).
local function normal(next_random)
  return math.sqrt(-2 * math.log(1 - next_random())) * math.cos(2 * math.pi * next_random())
end

-- A Poisson number: Knuth's products on pieces of the mean small enough for exp().
local function poisson(mean, next_random)
  if mean > 1000 then
    return math.max(0, math.floor(mean + math.sqrt(mean) * normal(next_random) + 0.5))
  end
  local count = 0
  while mean > 0 do
    local piece = math.min(mean, 500)
    local limit, product = math.exp(-piece), next_random()
    while product > limit do
      count = count + 1
      product = product * next_random()
    end
    mean = mean - piece
  end
  return count
end

-- ---------------------------------------------------------------- generators

local generator = setmetatable({}, { __name = "generator" }) -- marks what gen.* made

-- draw(random, i) makes the i-th value; of a series it is called `count` times.
local function make(count, draw)
  if count ~= nil and (math.type(count) ~= "integer" or count < 0) then
    error("gen: how many values is a whole number, not " .. shown(count), 3)
  end
  return { [generator] = true, count = count, draw = draw }
end

local function numbers(...)
  for _, v in ipairs { ... } do
    if type(v) ~= "number" then error("gen: a number is due, not " .. shown(v), 3) end
  end
end

local function pick(list)
  if not params.is_list(list) or #list == 0 then
    error("gen.pick { .. }: a list of values is due", 2)
  end
  return make(nil, function(next_random) return list[1 + math.floor(next_random() * #list)] end)
end

local gen = {
  -- n times the same value
  constant = function(v, n) return make(n, function() return v end) end,
  poisson = function(mean, n)
    numbers(mean)
    return make(n, function(next_random) return poisson(mean, next_random) end)
  end,
  normal = function(mean, stdev, n)
    numbers(mean, stdev)
    return make(n, function(next_random) return mean + stdev * normal(next_random) end)
  end,
  uniform = function(low, high, n)
    numbers(low, high)
    return make(n, function(next_random) return low + (high - low) * next_random() end)
  end,
  integer = function(low, high, n)
    numbers(low, high)
    return make(n, function(next_random)
      return low + math.floor(next_random() * (high - low + 1))
    end)
  end,
  -- a season of `period` values around mean, with noise
  sine = function(mean, amplitude, period, stdev, n)
    numbers(mean, amplitude, period, stdev)
    return make(n, function(next_random, i)
      return mean + amplitude * math.sin(2 * math.pi * (i - 1) / period)
        + stdev * normal(next_random)
    end)
  end,
  -- from one value to another in n steps, with noise
  line = function(from, to, stdev, n)
    numbers(from, to, stdev)
    return make(n, function(next_random, i)
      return from + (to - from) * (i - 1) / math.max(1, (n or 1) - 1) + stdev * normal(next_random)
    end)
  end,
  pick = pick,
  -- up to `most` characters, some of them awkward
  text = function(most)
    local some = { "a", "B", "0", " ", "%", "'", "\\", "\u{e4}", "\u{20ac}", "\u{1f600}", "\n" }
    return make(nil, function(next_random)
      local parts = {}
      for i = 1, math.floor(next_random() * ((most or 8) + 1)) do
        parts[i] = some[1 + math.floor(next_random() * #some)]
      end
      return table.concat(parts)
    end)
  end,
  -- null now and then
  maybe = function(g)
    return make(g.count, function(next_random, i)
      if next_random() < 0.2 then return tg.null end
      return g.draw(next_random, i)
    end)
  end,
}

-- ---------------------------------------------------------------- series

local series_mark = {}
local values_max = 10000

-- series { gen.poisson(100, 200), 900, .. }: one batch a value, in the column `value` (or
-- column = "name"); with rows = true each value is how many rows its batch has.
local function series(parts)
  if type(parts) ~= "table" then error("series { .. } takes a list of values and gen.*", 2) end
  return { [series_mark] = true, parts = parts, column = parts.column or "value",
    rows = parts.rows == true }
end

local function is_series(v) return type(v) == "table" and rawget(v, series_mark) == true end

local function values_of(s, seed)
  local values, next_random = {}, random(seed)
  for _, part in ipairs(s.parts) do
    if type(part) == "table" and part[generator] then
      for i = 1, part.count or 1 do values[#values + 1] = part.draw(next_random, i) end
    else
      values[#values + 1] = part
    end
    if #values > values_max then error("a series has at most " .. values_max .. " values", 0) end
  end
  return values
end

-- A list of batches, each a list of rows.
local function batches_of(s, seed)
  local batches = {}
  for i, v in ipairs(values_of(s, seed)) do
    local batch = {}
    for row = 1, s.rows and v or 1 do batch[row] = { [s.column] = s.rows and row or v } end
    batches[i] = batch
  end
  return batches
end

-- ---------------------------------------------------------------- lists of batches

-- "1-200,202" -> { { 1, 200 }, { 202, 202 } }; a number or a list of both is fine too.
local function ranges(v)
  if math.type(v) == "integer" then return { { v, v } } end
  local out = {}
  for _, part in ipairs(type(v) == "table" and v or {}) do
    local inner, why = ranges(part)
    if not inner then return nil, why end
    for _, range in ipairs(inner) do out[#out + 1] = range end
  end
  if type(v) == "table" then return out end
  for piece in (type(v) == "string" and v or "?"):gmatch("[^,]+") do
    local from, to = piece:match("^%s*(%d+)%s*%-%s*(%d+)%s*$")
    if not from then from = piece:match("^%s*(%d+)%s*$") end
    if not from then
      return nil, "batches are written as 3, \"1-200\" or a list, not " .. shown(v)
    end
    out[#out + 1] = { math.tointeger(from), math.tointeger(to or from) }
  end
  return out
end

tg.api.gen, tg.api.series = gen, series

return {
  is_series = is_series, batches_of = batches_of, ranges = ranges, random = random,
  is_generator = function(v) return type(v) == "table" and rawget(v, generator) == true end,
}
