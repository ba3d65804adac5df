-- expect: error C stack overflow -- __index that was set late, in a circle
local m = {}
local t = setmetatable({}, m)
m.__index = t
return t.x
