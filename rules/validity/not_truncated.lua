-- rules/validity/not_truncated.lua: a value does not look cut off.

local numbers = { smallint = true, integer = true, bigint = true, real = true, double = true,
  numeric = true }

-- The smallest and largest values of so many bits, signed and not.
local function add_limits(set, bits)
  local half = 1 << (bits - 1)
  if bits < 64 then set[#set + 1] = 2 * half - 1 end
  set[#set + 1] = -half
  set[#set + 1] = half - 1
end

-- 2^64 - 1 is beyond Lua's whole numbers.
local function is_largest(column)
  return column:to_text():matches("^18446744073709551615(\\.0+)?$")
end

return {
  doc       = "No text has one of the lengths, no number is the limit of an integer type.",
  dimension = "validity",
  params    = { "column column", { "lengths list", { 255 } }, { "ints list", { 8, 16, 32, 64 } } },
  validate  = function(p)
    for _, n in ipairs(p.lengths) do
      if math.type(n) ~= "integer" or n < 1 then return "lengths are whole numbers from 1" end
    end
    for _, n in ipairs(p.ints) do
      if n ~= 8 and n ~= 16 and n ~= 32 and n ~= 64 then return "ints are of 8, 16, 32 and 64" end
    end
  end,
  check     = function(b, p)
    local column, kind = b[p.column], b[p.column]:type():match("^%l+")
    if kind == "text" or kind == "character" then return ~column:len():is_in(p.lengths) end
    if not numbers[kind] then error("texts and numbers can look cut off, not " .. kind) end
    local set, largest = {}, false
    for _, bits in ipairs(p.ints) do
      add_limits(set, bits)
      largest = largest or bits == 64
    end
    local limit = column:is_in(set)
    if largest then limit = limit | is_largest(column) end
    return ~limit
  end,
  reason    = "{column}: {} looks cut off",
  tests     = {
    { "a length", with = { "x", { 2, 4 } },
      given = { x = { "a", "ab", "abc", "éé", "abcd", null } },
      fails = { 2, 4, 5 }, evaluated = 5, reasons = { "x: ab looks cut off",
        "x: éé looks cut off", "x: abcd looks cut off" } },
    { "255 characters", with = { "x" },
      given = { x = { ("a"):rep(254), ("a"):rep(255), ("a"):rep(256) } }, fails = { 2 } },
    { "limits of integers", with = { "x" }, fails = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 },
      given = { x = { 127, -128, 255, 32767, -32768, 65535, 2147483647, -2147483648, 4294967295,
        math.maxinteger, math.mininteger, 126, 128, 256, 32768, 2147483648, -1 } } },
    { "the largest of 64 bits", with = { "x" }, types = { x = "numeric(20,0)" },
      given = { x = { "18446744073709551615", "18446744073709551614" } }, fails = { 1 } },
    { "only some", with = { "x", ints = { 16 } }, given = { x = { 127, 32767, 2147483647 } },
      fails = { 2 } },
    { "neither text nor number is an error", with = { "x" }, given = { x = { true } },
      verdict = "error" },
    { "of 64 bits only", with = { "x", ints = { 64 } }, types = { x = "numeric(20,0)" },
      given = { x = { "18446744073709551615", "127" } }, fails = { 1 } },
    { "not of 64 bits", with = { "x", ints = { 16 } }, types = { x = "numeric(20,0)" },
      given = { x = { "18446744073709551615", "32767" } }, fails = { 2 } },
    { "a length is a whole number", with = { "x", { 1.5 } }, given = { x = { "a" } },
      verdict = "error" },
    { "a length is not 0", with = { "x", { 0 } }, given = { x = { "a" } }, verdict = "error" },
    { "a length of 1", with = { "x", { 1 } }, given = { x = { "a", "ab" } }, fails = { 1 } },
    { "integers have 8 to 64 bits", with = { "x", ints = { 24 } }, given = { x = { 1 } },
      verdict = "error" },
  },
}
