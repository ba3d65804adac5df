-- expect: error metatables cannot have __gc -- a finaliser
setmetatable({}, { __gc = function() while true do end end })
