-- rules/volume/row_count_matches.lua: as many rows as another table has.
local function allowed(tolerance, y)
  if type(tolerance) == "number" then return tolerance end
  return tonumber(tolerance:match("^(.*)%%$")) / 100 * y
end

return {
  doc       = "There are factor times as many rows as the lookup has, give or take the tolerance:"
    .. " a number of rows, or a share of the lookup's such as \"1%\".",
  dimension = "volume",
  params    = { "table lookup", "factor number = 1", "tolerance value = 0" },
  aliases   = { row_count_equals_other = {} },
  validate  = function(p)
    local n = p.tolerance
    if type(n) == "string" then n = tonumber(n:match("^(.*)%%$")) end
    if type(n) ~= "number" or n < 0 then
      return "tolerance: a number from 0 or a share such as '1%' is due"
    end
  end,
  measure   = function(b, p) return { rows = b:count(), other = lookup[p.table]:rows() } end,
  judge     = function(m, p)
    if not m.other then return "skip" end
    local want, room = p.factor * m.other, allowed(p.tolerance, m.other)
    return math.abs(m.rows.rows - want) <= room, {
      value = { self = m.rows.rows, other = m.other }, expected = want,
    }
  end,
  tests     = {
    { "as many", with = { "other" }, lookups = { other = { "a", "b" } },
      given = { x = { 1, null } }, verdict = "pass",
      observed = { self = 2, other = 2 } },
    { "one too many", with = { "other" }, lookups = { other = { "a" } },
      given = { x = { 1, 2 } }, verdict = "fail",
      observed = { self = 2, other = 1 } },
    { "one too few", with = { "other" }, lookups = { other = { "a", "b", "c" } },
      given = { x = { 1, 2 } }, verdict = "fail" },
    { "three for each", with = { "other", 3 }, lookups = { other = { "a" } },
      given = { x = { 1, 2, 3 } }, verdict = "pass" },
    { "a tolerance belongs", with = { "other", tolerance = 1 }, lookups = { other = { "a", "b" } },
      given = { x = { 1, 2, 3 } }, verdict = "pass" },
    { "beyond the tolerance", with = { "other", tolerance = 1 }, lookups = { other = { "a" } },
      given = { x = { 1, 2, 3 } }, verdict = "fail" },
    { "a share of the other", with = { "other", tolerance = "50%" },
      lookups = { other = { "a", "b" } }, given = { x = { 1 } }, verdict = "pass" },
    { "beyond the share", with = { "other", tolerance = "49%" },
      lookups = { other = { "a", "b" } }, given = { x = { 1 } }, verdict = "fail" },
    { "a share is of the other, whatever the factor",
      with = { "other", factor = 10, tolerance = "50%" },
      lookups = { other = { "a", "b" } }, given = { x = { 1, 2, 3 } }, verdict = "fail" },
    { "rows of where", with = { "other", where = "x == 1" }, lookups = { other = { "a" } },
      given = { x = { 1, 2 } }, verdict = "pass" },
    { "nothing equals nothing", with = { "other" }, lookups = { other = {} },
      given = { x = {} }, verdict = "pass",
      observed = { self = 0, other = 0 } },
    { "a negative tolerance is an error", with = { "other", tolerance = -1 },
      lookups = { other = { "a" } }, given = { x = { 1 } }, verdict = "error" },
    { "a word is no tolerance", with = { "other", tolerance = "some" },
      lookups = { other = { "a" } }, given = { x = { 1 } }, verdict = "error" },
  },
}
