-- expect: error C stack overflow -- __close makes the next one to close
local m = {}
m.__close = function() local _ <close> = setmetatable({}, m) end
local _ <close> = setmetatable({}, m)
return (setmetatable({}, { __index = function(t, k) return t[k] end })).x
