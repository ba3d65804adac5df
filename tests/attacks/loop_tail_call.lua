-- expect: deadline -- tail calls need no stack
local function f() return f() end
f()
