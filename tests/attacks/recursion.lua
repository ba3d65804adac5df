-- expect: error stack overflow -- a function that calls itself without end
local function f() return 1 + f() end
return f()
