-- expect: error stack overflow -- the handler raises, and so does the handler of that
local ok, e = xpcall(error, function() error("again") end)
assert(not ok)
local function deep() return 1 + deep() end
return e, deep()
