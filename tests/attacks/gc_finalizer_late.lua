-- expect: ok -- a finaliser added later never runs
local m = {}
local t = setmetatable({}, m)
m.__gc = function() while true do end end
for i = 1, 100000 do t = { i } end
