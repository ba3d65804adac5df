-- rules/accuracy/outside.lua: a value lies outside of two bounds.
return {
  doc       = "Every value is below min or above max; the ends are inside.",
  dimension = "accuracy",
  params    = { "column column", "min value", "max value" },
  validate  = function(p)
    if type(p.min) == type(p.max) and type(p.min) == "number" and p.min > p.max then
      return "min is above max: every value is outside"
    end
  end,
  check     = function(b, p)
    local column = b[p.column]
    return column:between(nil, p.min, nil, true) | column:between(p.max, nil, true)
  end,
  reason    = "{column}: {} is not outside of {min} and {max}",
  tests     = {
    { "the ends are inside", with = { "x", 1, 3 }, given = { x = { 0, 1, 2, 3, 4, null } },
      fails = { 2, 3, 4 }, evaluated = 5, reasons = { "x: 1 is not outside of 1 and 3",
        "x: 2 is not outside of 1 and 3", "x: 3 is not outside of 1 and 3" } },
    { "NaN is nowhere", with = { "x", 1, 3 }, given = { x = { 0 / 0, 0.5 } }, fails = { 1 } },
    { "one value", with = { "x", 2, 2 }, given = { x = { 1, 2, 3 } }, fails = { 2 } },
    { "instants", with = { "x", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z" },
      given = { x = at("0s", "1s", "2s", "3s") }, fails = { 2, 3 } },
    { "both bounds are needed", with = { "x", min = 1 }, given = { x = { 1 } },
      verdict = "error" },
    { "min above max is an error", with = { "x", 2, 1 }, given = { x = { 1 } },
      verdict = "error" },
    { "text against a number is an error", with = { "x", 1, 2 }, given = { x = { "a" } },
      verdict = "error" },
  },
}
