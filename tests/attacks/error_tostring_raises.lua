-- expect: error whose __tostring raised too -- __tostring of the error object raises
local m = {}
m.__tostring = function() error(setmetatable({}, m)) end
error(setmetatable({}, m))
