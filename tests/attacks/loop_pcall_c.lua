-- expect: deadline -- pcall of pcall: hardly any Lua instruction runs
local t = {}
while true do pcall(pcall, pcall, error, t) end
