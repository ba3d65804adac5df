-- expect: memory -- an array that is asked to be large at once
local t = {}
for i = 1, 30 do t[1 << i] = {} end
for i = 1, 1 << 26 do t[i] = i end
