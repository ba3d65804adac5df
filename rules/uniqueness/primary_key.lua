-- rules/uniqueness/primary_key.lua: the columns identify a row of the batch.
return {
  doc       = "No null in the columns, and no combination of their values twice in the batch.",
  dimension = "uniqueness",
  depends   = "batch",
  params    = { "columns columns" },
  check     = function(b, p)
    local columns, present = {}, nil
    for i, name in ipairs(p.columns) do
      columns[i] = b[name]
      local here = columns[i]:not_null()
      present = present and present & here or here
    end
    local alone = key(table.unpack(columns)):occurrences():eq(1):default(false)
    local names = table.concat(p.columns, ", ")
    return present & alone,
      when(present, names .. " occurs more than once", names .. " holds a null")
  end,
  tests     = {
    { "twice", with = { { "x" } }, given = { x = { 1, 2, 1 } }, fails = { 1, 3 }, evaluated = 3,
      reasons = { "x occurs more than once", "x occurs more than once" } },
    { "a null", with = { { "x" } }, given = { x = { 1, null } }, fails = { 2 }, evaluated = 2,
      reasons = { "x holds a null" } },
    { "of two columns", with = { { "x", "y" } },
      given = { x = { 1, 1, null, 1 }, y = { 1, 2, 3, 1 } }, fails = { 1, 3, 4 }, evaluated = 4,
      reasons = { "x, y occurs more than once", "x, y holds a null",
        "x, y occurs more than once" } },
    { "a null in either column", with = { { "x", "y" } },
      given = { x = { 1, null }, y = { null, 2 } }, fails = { 1, 2 } },
    { "a key", with = { { "x", "y" } }, given = { x = { 1, 1 }, y = { 1, 2 } }, fails = {},
      evaluated = 2 },
  },
}
