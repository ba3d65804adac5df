-- expect: deadline -- two pcalls a level: two to the power of the depth
local function f()
  pcall(f)
  pcall(f)
end
f()
