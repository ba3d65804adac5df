-- rules/validity/consistent_casing.lua: each value is written in one way.

-- Found in what is no title: a word that begins small, or goes on large.
local not_title = "(?<![\\p{L}\\p{N}'])\\p{Ll}|(?<=\\p{L})\\p{Lu}"

local function so_written(c, case)
  if case == "lower" then return ~c:matches("\\p{Lu}") end
  if case == "upper" then return ~c:matches("\\p{Ll}") end
  return ~c:matches(not_title)
end

return {
  doc       = "No value is written in two ways that differ by the case of letters, of any "
    .. "script; with case = lower, upper or title, every value is so written.",
  dimension = "validity",
  params    = { "column column", "case lower|upper|title?" },
  measure   = function(b, p)
    local c = b[p.column]
    if p.case then return so_written(c, p.case):moments() end
    return { written = c:distinct(1048576), folded = c:lower("unicode"):distinct(1048576) }
  end,
  judge     = function(m, p)
    if p.case then
      if m.count == 0 then return true, nil end
      return m.mean == 1, m.mean
    end
    local ways = m.written.distinct - m.folded.distinct
    return ways == 0, { value = ways, approx = m.written.approx or nil }
  end,
  tests     = {
    { "one way", with = { "x" }, given = { x = { "Ab", "Ab", "c", null } }, verdict = "pass",
      observed = 0 },
    { "two ways", with = { "x" }, given = { x = { "Ab", "AB", "c" } }, verdict = "fail",
      observed = 1 },
    { "two ways, in any script", with = { "x" }, given = { x = { "Été", "été", "Ωx", "ωX" } },
      verdict = "fail", observed = 2 },
    { "lower", with = { "x", "lower" }, given = { x = { "ab", "é 1", null } }, verdict = "pass",
      observed = 1, evaluated = 2 },
    { "not lower, in any script", with = { "x", "lower" }, given = { x = { "Éa" } },
      verdict = "fail" },
    { "not lower", with = { "x", "lower" }, given = { x = { "ab", "aB" } }, verdict = "fail",
      observed = 0.5 },
    { "upper", with = { "x", "upper" }, given = { x = { "AB" } }, verdict = "pass" },
    { "not upper", with = { "x", "upper" }, given = { x = { "Ab" } }, verdict = "fail" },
    { "title", with = { "x", "title" }, given = { x = { "New York", "O'Neil", "Area 51" } },
      verdict = "pass" },
    { "not title", with = { "x", "title" }, given = { x = { "New york", "NEw", "A" } },
      verdict = "fail", observed = 1 / 3 },
    { "no values", with = { "x", "lower" }, given = { x = { null } }, verdict = "pass" },
    { "numbers are an error", with = { "x" }, given = { x = { 1 } }, verdict = "error" },
  },
}
