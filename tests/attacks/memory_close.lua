-- expect: memory -- __close eats memory while the error passes through
local t = {}
local function eat() while true do t[#t + 1] = { {} } end end
local c <close> = setmetatable({}, { __close = function() pcall(eat) eat() end })
eat()
