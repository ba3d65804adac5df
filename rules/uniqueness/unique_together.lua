-- rules/uniqueness/unique_together.lua: no combination of values occurs twice in a batch.
return {
  doc       = "No combination of the columns' values occurs twice in the batch; null equals null. "
    .. "Every row of a repeated one fails, or with flag = \"later\" all but the first.",
  dimension = "uniqueness",
  depends   = "batch",
  params    = { "columns columns", "flag all|later = all",
    "ignore_row_if all_null|any_null|never = all_null" },
  check     = function(b, p)
    local columns = {}
    for i, name in ipairs(p.columns) do columns[i] = b[name] end
    local k = key(table.unpack(columns))
    if p.flag == "later" then return k:ordinal():eq(1) end
    return k:occurrences():eq(1)
  end,
  reason    = "{columns}: these values occur more than once together",
  tests     = {
    { "every one of a group", with = { { "x", "y" } },
      given = { x = { 1, 1, 1, 2 }, y = { "a", "b", "a", "a" } }, fails = { 1, 3 }, evaluated = 4,
      reasons = { "{x, y}: these values occur more than once together",
        "{x, y}: these values occur more than once together" } },
    { "all but the first", with = { { "x", "y" }, flag = "later" },
      given = { x = { 1, 1, 1 }, y = { 2, 2, 2 } }, fails = { 2, 3 } },
    { "null equals null", with = { { "x", "y" } }, given = { x = { 1, 1 }, y = { null, null } },
      types = { y = "bigint" }, fails = { 1, 2 } },
    { "rows of nothing but nulls leave", with = { { "x", "y" } },
      given = { x = { null, null, 1 }, y = { null, null, 1 } }, fails = {}, evaluated = 1 },
    { "unless they should stay", with = { { "x", "y" }, ignore_row_if = "never" },
      given = { x = { null, null, 1 }, y = { null, null, 1 } }, fails = { 1, 2 }, evaluated = 3 },
    { "rows with a null may leave", with = { { "x", "y" }, ignore_row_if = "any_null" },
      given = { x = { 1, 1, 2, 2 }, y = { null, null, 3, 3 } }, fails = { 3, 4 }, evaluated = 2 },
    { "values are told apart by their column", with = { { "x", "y" } },
      given = { x = { "ab", "a" }, y = { "c", "bc" } }, fails = {} },
  },
}
