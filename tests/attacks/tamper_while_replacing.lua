-- expect: ok -- the callback of gsub changes the table of replacements and collects garbage
local n = 0
local out = ("x"):rep(1000):gsub("(x)", function(x)
  local waste = {}
  for i = 1, 50 do waste[i] = x .. i end
  n = n + #waste
  return n % 2 == 0 and tostring(n) or nil
end)
assert(#out > 1000)
