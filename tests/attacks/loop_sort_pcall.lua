-- expect: deadline -- sort of a long table, again and again, comparing in C
local t = {}
for i = 1, 200000 do t[i] = i * 7919 % 200003 end
while true do pcall(table.sort, t, math.ult) end
