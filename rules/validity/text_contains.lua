-- rules/validity/text_contains.lua: a text begins, ends or goes on with given texts.
return {
  doc       = "Every text has the prefix, the suffix and the substring that are given.",
  dimension = "validity",
  params    = { "column column", "prefix text?", "suffix text?", "substring text?",
    "ci flag = false" },
  validate  = function(p)
    if not (p.prefix or p.suffix or p.substring) then
      return "give prefix, suffix or substring"
    end
  end,
  check     = function(b, p)
    local column, out = b[p.column], nil
    if p.ci then column = column:lower() end -- ASCII only
    for _, test in ipairs { { "starts", p.prefix }, { "ends", p.suffix },
      { "contains", p.substring } } do
      local method, part = test[1], test[2]
      if part then
        local mask = column[method](column, p.ci and part:lower() or part)
        out = out and out & mask or mask
      end
    end
    return out
  end,
  reason    = {
    "{column}: {} lacks prefix {prefix}, suffix {suffix} or {substring}",
    "{column}: {} lacks prefix {prefix} or suffix {suffix}",
    "{column}: {} lacks prefix {prefix} or {substring}",
    "{column}: {} lacks suffix {suffix} or {substring}",
    "{column}: {} does not begin with {prefix}",
    "{column}: {} does not end with {suffix}",
    "{column}: {} does not contain {substring}",
  },
  tests     = {
    { "a prefix", with = { "x", prefix = "ab" }, given = { x = { "abc", "cab", "", null } },
      fails = { 2, 3 }, evaluated = 3, reasons = { "x: cab does not begin with ab",
        "x:  does not begin with ab" } },
    { "a suffix", with = { "x", suffix = "ab" }, given = { x = { "abc", "cab" } }, fails = { 1 },
      reasons = { "x: abc does not end with ab" } },
    { "a substring", with = { "x", substring = "b" }, given = { x = { "abc", "ac" } },
      fails = { 2 }, reasons = { "x: ac does not contain b" } },
    { "all that are given must hold", with = { "x", prefix = "a", suffix = "c", substring = "b" },
      given = { x = { "abc", "ac", "bbc", "abd" } }, fails = { 2, 3, 4 } },
    { "prefix and suffix", with = { "x", "a", "c" }, given = { x = { "ac", "ab", "bc" } },
      fails = { 2, 3 }, reasons = { "x: ab lacks prefix a or suffix c",
        "x: bc lacks prefix a or suffix c" } },
    { "case does not matter with ci", with = { "x", prefix = "Ab", ci = true },
      given = { x = { "aBc", "bAb" } }, fails = { 2 } },
    { "nothing given is an error", with = { "x" }, given = { x = { "a" } }, verdict = "error" },
    { "a number is no text", with = { "x", "a" }, given = { x = { 1 } }, verdict = "error" },
  },
}
