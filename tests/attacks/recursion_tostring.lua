-- expect: error C stack overflow -- __tostring asks for itself
local t = setmetatable({}, { __tostring = tostring })
return tostring(t)
