-- expect: error __call must be a function -- a __call that is the table itself
local t = {}
setmetatable(t, { __call = t })
t()
