-- rules/schema/schema_matches.lua: every event has the fields of a schema, of their types.

-- { { name, type }, .. } in the order of names.
local function wants(schema)
  local names, list = {}, {}
  for name in pairs(schema) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do list[i] = { name, schema[name] } end
  return list
end

local kinds = { string = true, number = true, integer = true, boolean = true, object = true,
  array = true, null = true }

local function fault_of(name, kind)
  if type(name) ~= "string" then return "schema is a map such as { id = \"integer\" }" end
  if type(kind) ~= "string" then return "the type of '" .. name .. "' is no text" end
  for one in (kind:gsub("%?$", "") .. "|"):gmatch("([^|]*)|") do
    if not kinds[one] then return "'" .. one .. "' is no type of JSON" end
  end
  return nil
end

return {
  doc       = "Every event has these fields of these types: string number integer boolean object"
    .. " array null, joined by |, with ? behind when it may be null or absent.",
  dimension = "schema",
  on        = "event",
  params    = { "schema map", "extra ignore|tag|warn|critical = warn",
    "missing tag|warn|critical = critical" },
  validate  = function(p)
    for name, kind in pairs(p.schema) do
      local why = fault_of(name, kind)
      if why then return why end
    end
  end,
  check     = function(b, p)
    local mask, reasons, missing, extra = b:shape(wants(p.schema), p.extra ~= "ignore")
    local level
    if extra > 0 and p.extra ~= "tag" then level = p.extra end
    if missing > 0 and p.missing ~= "tag" and level ~= "critical" then level = p.missing end
    return mask, reasons, level
  end,
  tests     = {
    { "fields of their types", with = { { id = "integer", t = "string|number" } },
      given = { { id = 1, t = "a" }, { id = 1.5, t = 2 }, { id = 2, t = true } },
      types = { id = "jsonb", t = "jsonb" }, fails = { 2, 3 }, evaluated = 3, verdict = "fail",
      reasons = { "id: number is not the type expected", "t: boolean is not the type expected" } },
    { "a number may be whole", with = { { n = "number" } }, given = { n = { 1, 1.5 } }, fails = {},
      verdict = "pass" },
    { "a field is missing", with = { { id = "integer" }, extra = "ignore" },
      given = { { id = 1 }, { x = 1 } }, fails = { 2 }, reasons = { "id: missing" } },
    { "null is not allowed", with = { { id = "integer" } }, given = { id = { 1, null } },
      fails = { 2 }, reasons = { "id: null is not allowed" } },
    { "null is a type", with = { { id = "integer|null" } }, given = { id = { 1, null } },
      fails = {} },
    { "a field that may be absent", with = { { id = "integer?" }, extra = "ignore" },
      given = { { id = 1 }, { id = null }, { x = 1 }, { id = "a" } }, types = { id = "jsonb" },
      fails = { 4 } },
    { "a field too many", with = { { id = "integer" } }, given = { { id = 1 }, { id = 1, x = 2 } },
      fails = { 2 }, reasons = { "x: not expected" }, verdict = "fail" },
    { "a field too many is ignored", with = { { id = "integer" }, extra = "ignore" },
      given = { { id = 1, x = 2 } }, fails = {} },
    { "what is no object fails", with = { { id = "integer?" } }, given = { "[1]", "broken", "{}" },
      types = { id = "integer" }, fails = { 1, 2 },
      reasons = { "the event is no JSON object", "the event is no JSON object" } },
    { "all kinds", with = { { a = "array", b = "boolean", o = "object" } },
      given = { { a = { 1 }, b = true, o = { x = 1 } } }, fails = {} },
    { "a missing field fails even if most are well", with = { { id = "integer" }, mostly = 0.1,
      extra = "ignore" }, given = { { id = 1 }, { x = 1 } }, fails = { 2 }, verdict = "fail" },
    { "only tagged", with = { { id = "integer" }, mostly = 0.1, missing = "tag", extra = "tag" },
      given = { { id = 1 }, { x = 1 }, { id = 1, x = 1 } }, fails = { 2, 3 }, verdict = "pass" },
    { "an unexpected field that is only tagged", with = { { id = "integer" }, mostly = 0.1,
      extra = "tag" }, given = { { id = 1 }, { id = 1, x = 1 } }, fails = { 2 }, verdict = "pass" },
    { "an unexpected field warns", with = { { id = "integer" }, mostly = 0.1 },
      given = { { id = 1 }, { id = 1, x = 1 } }, fails = { 2 }, verdict = "fail" },
    { "an unknown type", with = { { id = "float" } }, given = { id = { 1 } }, verdict = "error" },
    { "a type that is no text", with = { { id = 1 } }, given = { id = { 1 } }, verdict = "error" },
    { "a list is no schema", with = { { "id" } }, given = { id = { 1 } }, verdict = "error" },
  },
}
