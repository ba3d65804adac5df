-- expect: ok -- a __len that is set after setmetatable and lies to table.insert
local m = {}
local t = setmetatable({ 1, 2 }, m)
m.__len = function() return 1 << 50 end
table.insert(t, 1, 1)
table.remove(t)
table.sort(t)
assert(#t == 2)
