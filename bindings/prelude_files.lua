-- prelude_files.lua: files beside a script that its tests name: fixture "rows.jsonl". A call makes
-- a mark at load; what the file holds is read when the test runs.
local tg = ...
local params = tg.params
local shown = params.shown

local marks = { fixture = {}, golden = {} }
local suffixes = {
  fixture = { ".csv", ".jsonl", ".ndjson" },
  golden = { ".golden.json" },
}

-- "rules/data/x.csv" for "../data/x.csv" in "rules/accuracy/y.lua"; nil and why when it leaves the
-- folder in which all files of the set are.
local function resolve(script, name)
  local parts = {}
  for part in script:gmatch("[^/]+") do parts[#parts + 1] = part end
  parts[#parts] = nil
  for part in name:gmatch("[^/]+") do
    if part ~= ".." then
      if part ~= "." then parts[#parts + 1] = part end
    elseif #parts <= 1 then
      return nil, "leaves the folder " .. (parts[1] or ".")
    else
      parts[#parts] = nil
    end
  end
  return (script:sub(1, 1) == "/" and "/" or "") .. table.concat(parts, "/")
end

local function has_suffix(name, list)
  for _, suffix in ipairs(list) do
    if #name > #suffix and name:sub(-#suffix) == suffix then return true end
  end
  return false
end

local function named(what)
  return function(name)
    local script, line = tg.caller()
    local good = type(name) == "string" and has_suffix(name, suffixes[what])
    if not good or name:sub(1, 1) == "/" then
      error(what .. ": a file beside the script that ends in " .. table.concat(suffixes[what], ", ")
        .. " is due, not " .. shown(name), 2)
    end
    local path, why = resolve(script, name)
    if why then error(what .. ": " .. shown(name) .. " " .. why, 2) end
    return { [marks[what]] = true, path = path, line = line }
  end
end

tg.api.fixture, tg.api.golden = named("fixture"), named("golden")

local function is(what, v) return type(v) == "table" and rawget(v, marks[what]) == true end

-- The fixtures of a test's `given`: one, or a list of nothing else; nil when it is none.
local function fixtures_of(given)
  if is("fixture", given) then return { given } end
  if not params.is_list(given) or #given == 0 then return nil end
  for _, part in ipairs(given) do
    if not is("fixture", part) then return nil end
  end
  return given
end

-- The rows of fixtures, a batch each, as JSON texts, and name -> type of what they hold.
local function read(list)
  local batches, types = {}, {}
  for i, fixture in ipairs(list) do
    local rows, found, why = tg.rows_of(fixture.path, false)
    if not rows then error(why, 0) end
    batches[i] = rows
    for name, kind in next, found do types[name] = tg.given.merge(types[name], kind) end
  end
  return batches, types
end

-- The lines of a fixture as events, whatever they hold; a row of comma separated values is the
-- JSON object of its columns.
local function read_events(fixture)
  local rows, _, why = tg.rows_of(fixture.path, true)
  if not rows then error(why, 0) end
  return rows
end

return { is = is, fixtures_of = fixtures_of, read = read, read_events = read_events }
