-- rules/schema/schema_changed.lua: events have the fields that the first ones had.

local kinds = { string = true, number = true, integer = true, boolean = true, object = true,
  array = true, null = true }

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  return set
end

-- A given list, { "id", "amount" } or { id = "integer" }: name -> { types = set or nil, rows = 1 }.
local function given(baseline)
  local fields = {}
  for key, value in pairs(baseline) do
    if type(key) == "string" then
      fields[key] = { types = set_of { value }, rows = 1 }
    else
      fields[value] = { rows = 1 }
    end
  end
  return { events = 1, fields = fields, learned = true }
end

local function learn(known, m)
  known.events = known.events + m.events
  for _, field in ipairs(m.fields) do
    local one = known.fields[field.name] or { types = {}, rows = 0 }
    for _, kind in ipairs(field.types) do one.types[kind] = true end
    one.rows = one.rows + field.rows
    known.fields[field.name] = one
  end
end

-- A whole number may stand for a number; null for anything.
local function fits(types, kind)
  return types == nil or types[kind] or kind == "null" or (kind == "integer" and types.number)
end

-- The first type of a field that is not known of it; it is known from now on.
local function retyped(one, types)
  local found
  for _, kind in ipairs(types) do
    if not fits(one.types, kind) then
      one.types[kind] = true
      found = found or kind
    end
  end
  return found
end

-- What differs, as texts, and is known from then on: one change is told once.
local function changes(known, m)
  local out = { added = {}, removed = {}, retyped = {} }
  local met = {}
  for _, field in ipairs(m.fields) do
    local one = known.fields[field.name]
    met[field.name] = true
    if not one then
      out.added[#out.added + 1] = field.name .. ": added"
      known.fields[field.name] = { types = set_of(field.types), rows = 0 }
    else
      local kind = retyped(one, field.types)
      if kind then out.retyped[#out.retyped + 1] = field.name .. ": " .. kind .. " is new" end
    end
  end
  for name, one in pairs(known.fields) do
    if not met[name] and one.rows == known.events then -- it was in every event learned
      out.removed[#out.removed + 1] = name .. ": gone"
      one.rows = 0
    end
  end
  table.sort(out.removed)
  return out
end

local defaults = { added = "warn", removed = "critical", retyped = "critical" }

-- The changes that count, critical ones first, and the least that they raise.
local function judged(found, on)
  local list, least = {}, nil
  for _, level in ipairs { "critical", "warn" } do
    for _, what in ipairs { "removed", "retyped", "added" } do
      local counts = (on[what] or defaults[what]) == level
      for _, text in ipairs(counts and found[what] or {}) do
        list[#list + 1], least = text, least or level
      end
    end
  end
  return list, least
end

local levels = { warn = true, critical = true, ignore = true }

local function fault_of(p)
  for what, level in pairs(p.on) do
    if what ~= "added" and what ~= "removed" and what ~= "retyped" then
      return "on has added, removed and retyped, not " .. tostring(what)
    end
    if not levels[level] then return "on." .. what .. " is warn, critical or ignore" end
  end
  for key, value in pairs(p.baseline or {}) do
    if type(key) == "string" and not kinds[value] then
      return "baseline: " .. tostring(value) .. " is no type of JSON"
    end
  end
  if p.learn < 1 then return "learn is a number from 1" end
end

return {
  doc       = "Events have the fields, of the types, that the first `learn` events had, or a list.",
  dimension = "schema",
  depends   = "stream",
  on        = "event",
  empty     = "skip",
  params    = { "baseline map?", { "on map", defaults }, "learn integer = 1000" },
  validate  = fault_of,
  measure   = function(b)
    local seen = b:seen()
    return { fields = seen, events = seen.events, count = seen.events }
  end,
  judge     = function(m, p, s)
    local known = s:get() or p.baseline and given(p.baseline) or { events = 0, fields = {} }
    if m.events == 0 then return nil end
    if not known.learned then
      learn(known, m)
      known.learned = known.events >= p.learn
      s:set(known)
      return "skip"
    end
    local list, least = judged(changes(known, m), p.on)
    s:set(known)
    return #list == 0, list, least
  end,
  tests     = {
    { "a field that is gone", with = { { "id", "x" } }, given = { { id = 1 } }, verdict = "fail",
      observed = { "x: gone" } },
    { "a field that is new", with = { { "id" } }, given = { { id = 1, y = 2 } }, verdict = "fail",
      observed = { "y: added" } },
    { "the same", with = { { "id", "x" } }, given = { { id = 1, x = 2 }, { id = 2, x = null } },
      verdict = "pass" },
    { "types are given", with = { { id = "integer", n = "number" } },
      given = { { id = 1, n = 2 }, { id = null, n = 2.5 } }, verdict = "pass" },
    { "another type", with = { { id = "integer" } }, given = { { id = 1 }, { id = "a" } },
      verdict = "fail", observed = { "id: string is new" } },
    { "what is to be ignored", with = { { "id" }, on = { added = "ignore" } },
      given = { { id = 1, y = 2 } }, verdict = "pass" },
    { "what is critical comes first", with = { { "id", "x" },
      on = { added = "critical", removed = "warn" } }, given = { { id = 1, y = 2 } },
      verdict = "fail", observed = { "y: added", "x: gone" } },
    { "an unknown kind of change", with = { on = { moved = "warn" } }, given = { { id = 1 } },
      verdict = "error" },
    { "an unknown level", with = { on = { added = "loud" } }, given = { { id = 1 } },
      verdict = "error" },
    { "an unknown type", with = { { id = "float" } }, given = { { id = 1 } }, verdict = "error" },
    { "nothing to learn from", with = { learn = 0 }, given = { { id = 1 } }, verdict = "error" },
    { "the first event is learned", with = { learn = 1 }, given = { { id = 1 } },
      verdict = "skip" },
    { "no JSON object, nothing to judge", with = { { "id" } }, given = { "[1]" },
      types = { id = "integer" }, verdict = "skip" },
    { "learned, then compared", with = { learn = 2 }, given = {
      { id = { 1 }, x = { 1 } }, { id = { 2 }, x = { "a" } }, { id = { 3 } } },
      verdict = "fail", observed = { "x: gone" } },
  },
}
