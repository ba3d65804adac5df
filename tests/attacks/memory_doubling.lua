-- expect: memory -- a text doubles without end
local s = "x"
while true do s = s .. s end
