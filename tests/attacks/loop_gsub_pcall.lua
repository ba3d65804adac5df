-- expect: deadline -- gsub over a long text, again and again
local text = ("ab "):rep(1000000)
while true do pcall(string.gsub, text, "%w+", "x") end
