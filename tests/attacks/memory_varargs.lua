-- expect: error too many -- values doubled as arguments
local function f(...) return f(..., ...) end
local t = {}
for i = 1, 50000 do t[i] = i end
return table.unpack(t, 1, 200000)
