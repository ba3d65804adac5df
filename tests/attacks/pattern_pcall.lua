-- expect: deadline -- expensive patterns, again and again
local text, pattern = ("x"):rep(3000), ("x*"):rep(4) .. "y"
while true do pcall(string.find, text, pattern) end
