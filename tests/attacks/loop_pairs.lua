-- expect: deadline -- __pairs gives an iterator without end
local t = setmetatable({}, { __pairs = function() return function() return 1, 1 end end })
for _ in pairs(t) do end
