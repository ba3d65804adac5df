-- expect: error C stack overflow -- __index asks the same table again
local t = setmetatable({}, {})
getmetatable(t).__index = function(_, k) return t[k] end
return t.x
