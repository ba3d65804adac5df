-- expect: ok -- the comparator empties and fills the table that is sorted
local t = {}
for i = 1, 1000 do t[i] = -i end
table.sort(t, function(a, b)
  for i = 1, 10 do t[i] = nil end
  t[#t + 1] = 1
  return a < b
end)
