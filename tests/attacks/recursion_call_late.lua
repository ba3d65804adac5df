-- expect: error attempt to call -- the same, set after setmetatable
local m = {}
local t = setmetatable({}, m)
m.__call = t
t()
