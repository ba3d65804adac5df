-- rules/schema/column_exists.lua: columns are there, at a position if it is given.
return {
  doc       = "The columns are there; one of them at this position (from 0) if it is given.",
  dimension = "schema",
  depends   = "batch",
  params    = { "columns list?", "column text?", "index integer?" },
  validate  = function(p)
    if (p.columns == nil) == (p.column == nil) then return "give either columns or column" end
    if p.index and not p.column then return "index goes with column, not with columns" end
  end,
  over      = "batch", -- the columns are the script's, there is nothing to sum up
  measure   = function(b, p)
    local at, missing = {}, {}
    for i, name in ipairs(b:columns()) do at[name] = i - 1 end
    for _, name in ipairs(p.columns or { p.column }) do
      if not at[name] then missing[#missing + 1] = name end
    end
    return { missing = missing, index = p.column and at[p.column], count = #b:columns() }
  end,
  judge     = function(m, p)
    if #m.missing > 0 then return false, m.missing end
    return p.index == nil or p.index == m.index, m.index
  end,
  tests     = {
    { "there", with = { { "x", "y" } }, given = { x = { 1 }, y = { 1 } }, verdict = "pass" },
    { "one is missing", with = { { "x", "z" } }, given = { x = { 1 }, y = { 1 } },
      verdict = "fail", observed = { "z" } },
    { "at its position", with = { column = "y", index = 1 }, given = { x = { 1 }, y = { 1 } },
      verdict = "pass", observed = 1 },
    { "at another one", with = { column = "y", index = 0 }, given = { x = { 1 }, y = { 1 } },
      verdict = "fail", observed = 1 },
    { "the first is 0", with = { column = "x", index = 0 }, given = { x = { 1 }, y = { 1 } },
      verdict = "pass", observed = 0 },
    { "anywhere", with = { column = "y" }, given = { x = { 1 }, y = { 1 } }, verdict = "pass" },
    { "not there at all", with = { column = "z", index = 0 }, given = { x = { 1 } },
      verdict = "fail", observed = { "z" } },
    { "nothing asked", given = { x = { 1 } }, verdict = "error" },
    { "both asked", with = { { "x" }, column = "x" }, given = { x = { 1 } }, verdict = "error" },
    { "an index of many", with = { { "x" }, index = 0 }, given = { x = { 1 } },
      verdict = "error" },
  },
}
