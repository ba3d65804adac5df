-- rules/validity/of_type.lua: a value is of one of several kinds.
local known = { integer = true, number = true, string = true, boolean = true, timestamp = true,
  date = true, object = true, array = true }

return {
  doc       = "Every value is of the type, or of one of several.",
  dimension = "validity",
  params    = { "column column", "type texts?", "types texts?", "coerce flag = false" },
  aliases   = { type_in = { type = null } },
  validate  = function(p)
    if not (p.type or p.types) or p.type and p.types then return "give type, or types" end
    for _, name in ipairs(p.type or p.types) do
      if not known[name] then
        return "there is no type '" .. name .. "': integer, number, string, boolean, timestamp, "
          .. "date, object, array"
      end
    end
  end,
  check     = function(b, p) return b[p.column]:of_type(p.type or p.types, p.coerce) end,
  reason    = { "{column}: {} is not of type {type}", "{column}: {} is not of type {types}" },
  tests     = {
    { "values of one json column", with = { "x", "number" },
      given = { x = { 1, 2.5, "a", true, { a = 1 }, null } }, fails = { 3, 4, 5 }, evaluated = 5,
      reasons = { "x: \"a\" is not of type {number}", "x: true is not of type {number}",
        "x: {\"a\":1} is not of type {number}" } },
    { "any of several", with = { "x", { "integer", "string" } },
      given = { x = { 1, 2.5, "a", true } }, fails = { 2, 4 } },
    { "the same under its other name", with = { "x", types = { "object", "array" } },
      given = { x = { { a = 1 }, { 1, 2 }, "a" } }, fails = { 3 } },
    { "an integer has no fraction", with = { "x", "integer" }, given = { x = { 1.0, 2.5, 1e300 } },
      fails = { 2 } },
    { "of numeric too", with = { "x", "integer" }, given = { x = { "1.00", "1.01" } },
      types = { x = "numeric(5,2)" }, fails = { 2 } },
    { "text is no number", with = { "x", "number" }, given = { x = { "1", "a", null } },
      fails = { 1, 2 }, evaluated = 2 },
    { "unless coerced", with = { "x", "number", coerce = true }, given = { x = { "1.5", "a" } },
      fails = { 2 } },
    { "coerced texts of other types", with = { "x", { "boolean", "date" }, coerce = true },
      given = { x = { "TRUE", "2026-01-31", "2026-02-31", "1" } }, fails = { 3, 4 } },
    { "a timestamp is no date", with = { "x", "date" }, given = { x = at("0s") }, fails = { 1 } },
    { "a timestamp is one", with = { "x", "timestamp" }, given = { x = at("0s") }, fails = {} },
    { "an unknown type is an error", with = { "x", "float" }, given = { x = { 1 } },
      verdict = "error" },
    { "no type is an error", with = { "x" }, given = { x = { 1 } }, verdict = "error" },
    { "both are an error", with = { "x", "date", "date" }, given = { x = { 1 } },
      verdict = "error" },
  },
}
