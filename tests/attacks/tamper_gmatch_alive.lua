-- expect: ok -- a gmatch outlives its text
local walks = {}
for i = 1, 100 do walks[i] = (("word " .. i .. " "):rep(50)):gmatch("%a+") end
for i = 1, 20000 do local _ = { i } end
for i = 1, 100 do assert(walks[i]() == "word") end
