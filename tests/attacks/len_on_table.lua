-- expect: error metatables cannot have __len -- a length that lies
setmetatable({}, { __len = function() return 1 << 60 end })
