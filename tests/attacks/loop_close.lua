-- expect: deadline -- __close goes on after the deadline
local forever = setmetatable({}, { __close = function() while true do end end })
local a <close> = forever
local b <close> = forever
while true do end
