-- expect: memory -- texts that are all different
local t = {}
for i = 1, math.huge do t[i] = ("%099d"):format(i) end
