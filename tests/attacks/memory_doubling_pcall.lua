-- expect: memory -- the same, swallowed
local s = "x"
while true do pcall(function() s = s .. s .. s end) end
