-- expect: deadline -- an error object whose __tostring never answers
error(setmetatable({}, { __tostring = function() while true do end end }))
