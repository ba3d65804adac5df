-- expect: error are more than 10000000 -- holes make # of a small table huge: table.insert
local t = {}
for i = 0, 61 do t[1 << i] = "x" end
t[5] = "x"
assert(#t > 1 << 40)
table.insert(t, 1, 0)
