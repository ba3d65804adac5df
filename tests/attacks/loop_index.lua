-- expect: deadline -- __index never answers
local t = setmetatable({}, { __index = function() while true do end end })
return t.x
