-- expect: error attempt to index a boolean value -- changing the frozen table's metatable
getmetatable(string).__newindex = nil
