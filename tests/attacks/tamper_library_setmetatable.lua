-- expect: error protected metatable -- replacing the frozen table's metatable
setmetatable(string, {})
