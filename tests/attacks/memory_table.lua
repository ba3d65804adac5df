-- expect: memory -- a table grows without end
local t = {}
for i = 1, math.huge do t[i] = i end
