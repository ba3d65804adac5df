-- expect: error longer than a quarter of lua.memory -- table.concat of one long text many times
local s, t = ("x"):rep(1000000), {}
for i = 1, 1000 do t[i] = s end
return table.concat(t)
