-- rules/validity/matches_json_schema.lua: JSON satisfies a schema.
return {
  doc       = "Every value, a JSON text or a json value, satisfies the JSON Schema (2020-12).",
  dimension = "validity",
  params    = { "column column", "schema schema" },
  check     = function(b, p) return b[p.column]:matches_schema(p.schema) end,
  reason    = "{column}: {} does not satisfy the schema",
  tests     = {
    { "what breaks it fails", with = { "x", { properties = { a = { type = "integer" } },
      required = { "a" } } },
      given = { x = { '{"a":1}', '{"a":1.5}', "{}", "[]", "{", "", null } },
      fails = { 2, 3, 5, 6 }, evaluated = 6, reasons = {
        'x: {"a":1.5} does not satisfy the schema', "x: {} does not satisfy the schema",
        "x: { does not satisfy the schema", "x:  does not satisfy the schema" } },
    { "a schema as text", with = { "x", '{"type": ["string", "null"], "maxLength": 2}' },
      given = { x = { '"ab"', '"abc"', "null", "1" } }, fails = { 2, 4 } },
    { "json columns", with = { "x", { type = "object", additionalProperties = false,
      properties = { a = true } } },
      given = { x = { { a = 1 }, { b = 1 }, { a = 1, b = 2 }, { 1 } } }, fails = { 2, 3, 4 } },
    { "an unknown keyword is an error", with = { "x", { typ = "object" } },
      given = { x = { "{}" } }, verdict = "error" },
    { "a number is no JSON text", with = { "x", {} }, given = { x = { 1 } }, verdict = "error" },
    { "a schema is a table or a text", with = { "x", 1 }, given = { x = { "{}" } },
      verdict = "error" },
  },
}
