-- expect: error C stack overflow -- __index is the table itself
local m = {}
m.__index = setmetatable(m, m)
return m.x
