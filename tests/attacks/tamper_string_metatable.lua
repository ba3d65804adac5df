-- expect: error attempt to index a nil value -- changing the methods of texts
getmetatable("").__index = {}
