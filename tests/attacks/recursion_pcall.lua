-- expect: ok -- the same inside pcall: an error like any other
local function f() return 1 + f() end
local ok, message = pcall(f)
assert(not ok and message:find("stack overflow"))
assert(pcall(function() return 1 end))
