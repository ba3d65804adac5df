-- expect: deadline -- print of an object whose __tostring never answers
print(setmetatable({}, { __tostring = function() while true do end end }))
