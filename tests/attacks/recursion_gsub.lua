-- expect: error C stack overflow -- gsub inside the callback of gsub
local function f() return (("x"):gsub("x", f)) end
return f()
