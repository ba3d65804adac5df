-- rules/validity/fits_numeric.lua: a number fits a type of the database.
return {
  doc       = "Every number fits numeric(precision, scale) or the type, without rounding.",
  dimension = "validity",
  params    = { "column column", "precision integer?", "scale integer?",
    "type int2|int4|int8?" },
  validate  = function(p)
    if p.type and (p.precision or p.scale) then return "give precision and scale, or type" end
    if p.type then return nil end
    if not p.precision then return "give precision (and scale), or type" end
    if p.precision < 1 or p.precision > 1000 then return "precision is 1 to 1000" end
    if p.scale and (p.scale < 0 or p.scale > p.precision) then
      return "scale is 0 to precision"
    end
  end,
  check     = function(b, p)
    local type = p.type or "numeric(" .. p.precision .. "," .. (p.scale or 0) .. ")"
    return b[p.column]:fits(type)
  end,
  reason    = {
    "{column}: {} does not fit {type}",
    "{column}: {} does not fit numeric({precision},{scale})",
    "{column}: {} does not fit numeric({precision})",
  },
  tests     = {
    { "digits before and behind the point", with = { "x", 5, 2 },
      given = { x = { 999.99, 1000, 0.001, 0.1, -999.99, null } }, fails = { 2, 3 },
      evaluated = 5, reasons = { "x: 1000 does not fit numeric(5,2)",
        "x: 0.001 does not fit numeric(5,2)" } },
    { "without a scale", with = { "x", 2 }, given = { x = { 99, 99.5, 100 } }, fails = { 2, 3 },
      reasons = { "x: 99.5 does not fit numeric(2)", "x: 100 does not fit numeric(2)" } },
    { "int2", with = { "x", type = "int2" }, given = { x = { 32767, 32768, -32768, -32769 } },
      fails = { 2, 4 }, reasons = { "x: 32768 does not fit int2", "x: -32769 does not fit int2" } },
    { "int4", with = { "x", type = "int4" }, given = { x = { 2147483647, 2147483648 } },
      fails = { 2 } },
    { "int8", with = { "x", type = "int8" }, types = { x = "numeric(20,1)" },
      given = { x = { "9223372036854775807", "9223372036854775808", "0.5" } }, fails = { 2, 3 } },
    { "text is an error", with = { "x", 5 }, given = { x = { "1" } }, verdict = "error" },
    { "nothing given is an error", with = { "x" }, given = { x = { 1 } }, verdict = "error" },
    { "both are an error", with = { "x", 5, type = "int2" }, given = { x = { 1 } },
      verdict = "error" },
    { "a scale and a type are an error", with = { "x", scale = 1, type = "int2" },
      given = { x = { 1 } }, verdict = "error" },
    { "a scale above the precision is an error", with = { "x", 2, 3 }, given = { x = { 1 } },
      verdict = "error" },
    { "a scale below 0 is an error", with = { "x", 2, -1 }, given = { x = { 1 } },
      verdict = "error" },
    { "a scale of all digits", with = { "x", 2, 2 }, given = { x = { 0.99, 1 } }, fails = { 2 } },
    { "a scale of 0", with = { "x", 2, 0 }, given = { x = { 99, 99.5 } }, fails = { 2 } },
    { "no digits are an error", with = { "x", 0 }, given = { x = { 1 } }, verdict = "error" },
    { "one digit", with = { "x", 1 }, given = { x = { 9, 10 } }, fails = { 2 } },
    { "1000 digits", with = { "x", 1000 }, given = { x = { 9, 1e300, 0.5 } }, fails = { 3 } },
    { "more digits than there are", with = { "x", 1001 }, given = { x = { 1 } },
      verdict = "error" },
  },
}
