-- prelude_property.lua: property tests: made-up rows, a claim about what the rule says of them, and
-- the smallest rows that break it.
local tg = ...
local params, series = tg.params, tg.series
local shown = params.shown

local cases_max, rows_max, shrinks_max = 10000, 1000, 500

local keys = { cases = true, seed = true, rows = true, gen = true, holds = true }

-- Reports what is wrong with a test's `property`.
local function check(property, report)
  if type(property) ~= "table" then
    return report("property is a table { gen = {..}, holds = function(rows, got) .. end }, not "
      .. shown(property))
  end
  for key in next, property do
    if not keys[key] then
      report("property has no key " .. shown(key)
        .. params.did_you_mean(key, params.names_of(keys)))
    end
  end
  if type(property.holds) ~= "function" then
    report("property: holds = function(rows, got) .. end is missing")
  end
  if type(property.gen) ~= "table" or next(property.gen) == nil then
    return report("property: gen = { x = gen.integer(-9, 9) } is missing")
  end
  for name, g in next, property.gen do
    if type(name) ~= "string" or not series.is_generator(g) then
      report("property: gen." .. tostring(name) .. " is not made by gen.*")
    end
  end
  for key, most in next, { cases = cases_max, rows = rows_max, seed = math.maxinteger } do
    local v = property[key]
    if v ~= nil and (math.type(v) ~= "integer" or v < 1 or v > most) then
      report("property: " .. key .. " is a whole number from 1 to " .. most .. ", not " .. shown(v))
    end
  end
end

local function new_rows(run)
  local names = params.names_of(run.property.gen)
  local rows = {}
  for i = 1, math.floor(run.random() * ((run.property.rows or 20) + 1)) do
    rows[i] = {}
    for _, name in ipairs(names) do rows[i][name] = run.property.gen[name].draw(run.random, i) end
  end
  return rows
end

local function without(rows, from, count)
  local out = {}
  for i, row in ipairs(rows) do
    if i < from or i >= from + count then out[#out + 1] = row end
  end
  return out
end

local function replaced(rows, at, name, value)
  local out = {}
  for i, row in ipairs(rows) do out[i] = row end
  out[at] = {}
  for key, v in next, rows[at] do out[at][key] = v end
  out[at][name] = value
  return out
end

-- Values simpler than v, the simplest first.
local function simpler(v)
  if math.type(v) == "integer" and v ~= 0 then
    return math.abs(v) > 1 and { 0, v // 2, v > 0 and v - 1 or v + 1 } or { 0 }
  elseif type(v) == "number" and v ~= 0 and v == v then
    local whole = math.tointeger(math.floor(v))
    return whole and whole ~= v and { 0.0, whole + 0.0 } or { 0.0 }
  elseif type(v) == "string" and v ~= "" then
    return { "", v:sub(1, (utf8.offset(v, utf8.len(v) // 2 + 1) or 1) - 1) }
  end
  return {}
end

-- Smaller rows to try, a list: pieces left out, then values made simpler.
local function smaller(rows)
  local list, size = {}, #rows
  while size >= 1 do
    for from = 1, #rows, size do list[#list + 1] = without(rows, from, size) end
    size = size // 2
  end
  for i, row in ipairs(rows) do
    for _, name in ipairs(params.names_of(row)) do
      for _, v in ipairs(simpler(row[name])) do
        if v ~= row[name] then list[#list + 1] = replaced(rows, i, name, v) end
      end
    end
  end
  return list
end

local function begin(property)
  local run = { property = property, number = 1, random = series.random(property.seed or 1) }
  run.rows = new_rows(run)
  return run
end

local function text_of(rows)
  local out = {}
  for i, row in ipairs(rows) do
    local parts = {}
    for _, name in ipairs(params.names_of(row)) do
      parts[#parts + 1] = name .. " = " .. shown(row[name])
    end
    out[i] = "{ " .. table.concat(parts, ", ") .. " }"
  end
  return #rows == 0 and "no row" or table.concat(out, ", ")
end

local function told(run)
  return "property: case " .. run.number .. " of " .. (run.property.cases or 100) .. " (seed "
    .. (run.property.seed or 1) .. ") does not hold: " .. run.why .. "\nsmallest rows: "
    .. text_of(run.smallest)
end

-- Why the claim does not hold of rows and what the rule said; nil when it does.
local function broken(run, rows, got)
  local ok, holds, why = pcall(run.property.holds, rows, got)
  if not ok then return tostring(holds) end
  if holds == true then return nil end
  return type(why) == "string" and why or "verdict " .. got.verdict .. ", fails "
    .. #got.fails .. " of " .. got.evaluated
end

-- The next rows to run; nil and what to tell at the end (nil: the property holds).
local function shrink(run)
  if run.tries < shrinks_max and run.at < #run.candidates then
    run.at, run.tries = run.at + 1, run.tries + 1
    return run.candidates[run.at]
  end
  return nil, told(run)
end

local function found(run, rows, why)
  run.smallest, run.why, run.candidates, run.at = rows, why, smaller(rows), 0
  run.tries = run.tries or 0
end

-- Takes what the rule said about `rows` and goes on.
local function step(run, rows, got)
  local why = broken(run, rows, got)
  if why then found(run, rows, why) end
  if run.smallest then return shrink(run) end
  if run.number >= (run.property.cases or 100) then return nil end
  run.number = run.number + 1
  return new_rows(run)
end

return { check = check, begin = begin, step = step }
