-- expect: ok -- pcall calls pcall
local function f() return pcall(f) end
f()
