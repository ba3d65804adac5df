-- expect: deadline -- next over a table that was emptied is slow each time
local t = {}
for i = 1, 300000 do t[i] = i end
for i = 1, 300000 do t[i] = nil end
while true do next(t) end
