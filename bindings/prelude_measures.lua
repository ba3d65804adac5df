-- prelude_measures.lua: measures by name, for rules that take a metric: measure.mean "amount".
-- Each is { name, take, value }: take(b) makes the summary, or several by name; value(m) is the
-- number, nil when there is nothing to tell.
local tg = ...
local shown = tg.params.shown

local function column(v)
  if type(v) == "string" then return v end
  error("the name of a column (text) is due, not " .. shown(v), 0)
end

local function made(name, take, value) return { name = name, take = take, value = value } end

-- A measure of one column: the method that summarises it, the field that tells.
local function of_column(name, method, field)
  return function(c)
    column(c)
    local take = function(b)
      local values = b[c]
      return values[method](values)
    end
    return made(name .. "(" .. c .. ")", take, function(m) return m[field] end)
  end
end

local function number(v)
  if type(v) == "number" then return v end
end

local makers = {
  mean = of_column("mean", "moments", "mean"),
  stdev = of_column("stdev", "moments", "stdev"),
  sum = of_column("sum", "sum", "value"),
  median = of_column("median", "quantiles", "median"),
  distinct = of_column("distinct", "distinct", "distinct"),
}

function makers.rows()
  return made("rows", function(b) return b:count() end, function(m) return m.rows end)
end

function makers.min(c)
  local m = of_column("min", "min", "value")(c)
  return made(m.name, m.take, function(found) return number(found.value) end)
end

function makers.max(c)
  local m = of_column("max", "max", "value")(c)
  return made(m.name, m.take, function(found) return number(found.value) end)
end

function makers.quantile(c, q)
  column(c)
  if type(q) ~= "number" or not (q >= 0 and q <= 1) then
    error("a quantile from 0 to 1 is due, not " .. shown(q), 0)
  end
  return made("quantile(" .. c .. "," .. q .. ")", function(b) return b[c]:quantiles() end,
    function(m) return m:q(q) end)
end

function makers.null_rate(c)
  column(c)
  return made("null_rate(" .. c .. ")", function(b) return b[c]:is_null():moments() end,
    function(m) return m.mean end)
end

function makers.distinct_ratio(c)
  column(c)
  return made("distinct_ratio(" .. c .. ")", function(b) return b[c]:distinct() end,
    function(m)
      if m.count > 0 then return m.distinct / m.count end
    end)
end

-- Rows for which fn(b) is true / rows for which it is not null.
function makers.share(fn)
  if type(fn) ~= "function" then
    error("a function that returns a boolean column is due, not " .. shown(fn), 0)
  end
  return made("share", function(b) return fn(b):moments() end, function(m) return m.mean end)
end

function makers.ratio(a, c)
  column(a)
  column(c)
  local take = function(b)
    local above, below = b[a], b[c]
    return { above = above:where(below:not_null()):sum(),
      below = below:where(above:not_null()):sum() }
  end
  return made("ratio(" .. a .. "," .. c .. ")", take, function(m)
    local below = m.below.value
    if below and below ~= 0 then return m.above.value / below end
  end)
end

-- What scripts see: the makers, read only, with a word for those who mistype.
tg.api.measure = setmetatable({}, {
  __index = function(_, name)
    local make = makers[name]
    if make then return make end
    error("there is no measure '" .. tg.shown(tostring(name)) .. "'"
      .. tg.params.did_you_mean(tostring(name), tg.params.names_of(makers)), 0)
  end,
  __newindex = function() error("measures cannot be changed", 0) end,
  __metatable = false,
})

return makers
