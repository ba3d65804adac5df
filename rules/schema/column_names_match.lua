-- rules/schema/column_names_match.lua: every column is named as a pattern says.
return {
  doc       = "Every column's name matches a pattern of Lua, from its beginning to its end.",
  dimension = "schema",
  depends   = "batch",
  params    = { "pattern pattern" },
  validate  = function(p) ("x"):find(p.pattern) end,
  over      = "batch", -- the columns are the script's, there is nothing to sum up
  measure   = function(b, p)
    local bad = {}
    for _, name in ipairs(b:columns()) do
      local from, to = name:find(p.pattern)
      if from ~= 1 or to ~= #name then bad[#bad + 1] = name end
    end
    return { bad = bad }
  end,
  judge     = function(m) return #m.bad == 0, m.bad end,
  tests     = {
    { "all do", with = { "[a-z_]+" }, given = { x = { 1 }, x_y = { 1 } }, verdict = "pass" },
    { "one does not", with = { "[a-z_]+" }, given = { x = { 1 }, X = { 1 } }, verdict = "fail",
      observed = { "X" } },
    { "the end counts", with = { "[a-z_]+" }, given = { x1 = { 1 } }, verdict = "fail",
      observed = { "x1" } },
    { "the beginning counts", with = { "[a-z_]+" }, given = { ["1x"] = { 1 } }, verdict = "fail",
      observed = { "1x" } },
    { "a broken pattern", with = { "[a" }, given = { x = { 1 } }, verdict = "error" },
  },
}
