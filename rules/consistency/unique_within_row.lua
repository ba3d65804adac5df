-- rules/consistency/unique_within_row.lua: the values of a row differ from each other.

-- Values of different type are unequal, two nulls are equal.
local function same(a, c)
  return a:equals(c):default(false) | a:is_null() & c:is_null()
end

-- So many columns of one row, all different: their names, and the row.
local function wide(n)
  local names, row = {}, {}
  for i = 1, n do names[i], row["x" .. i] = "x" .. i, { i } end
  return { names }, row
end

local fifty, row_of_fifty = wide(50)
local more, row_of_more = wide(51)

return {
  doc       = "No two of the columns are equal in a row; two nulls are equal.",
  dimension = "consistency",
  params    = { "columns columns", "ignore_row_if all_null|any_null|never = all_null" },
  validate  = function(p)
    if #p.columns < 2 or #p.columns > 50 then return "give 2 to 50 columns" end
  end,
  check     = function(b, p)
    local found
    for i = 1, #p.columns do
      for j = 1, i - 1 do
        local pair = same(b[p.columns[i]], b[p.columns[j]])
        found = found and found | pair or pair
      end
    end
    return ~found
  end,
  reason    = "two of {columns} are equal",
  tests     = {
    { "equal ones fail", with = { { "x", "y" } }, given = { x = { 1, 2 }, y = { 1, 1 } },
      fails = { 1 }, reasons = { "two of {x, y} are equal" } },
    { "any two of three", with = { { "x", "y", "z" } },
      given = { x = { 1, 1, 2, 1 }, y = { 1, 2, 1, 2 }, z = { 2, 1, 1, 3 } }, fails = { 1, 2, 3 } },
    { "rows of nulls leave", with = { { "x", "y" } },
      given = { x = { null, 1 }, y = { null, null } },
      types = { x = "bigint", y = "bigint" }, fails = {}, evaluated = 1 },
    { "two nulls are equal", with = { { "x", "y", "z" } },
      given = { x = { null, null }, y = { null, 2 }, z = { 1, 1 } },
      types = { x = "bigint" }, fails = { 1 }, evaluated = 2 },
    { "a number is no text", with = { { "x", "y" } },
      given = { x = { 1, null }, y = { "1", null } },
      fails = {}, evaluated = 1 },
    { "one column is an error", with = { { "x" } }, given = { x = { 1 } }, verdict = "error" },
    { "fifty columns", with = fifty, given = row_of_fifty, fails = {}, evaluated = 1 },
    { "more are an error", with = more, given = row_of_more, verdict = "error" },
  },
}
