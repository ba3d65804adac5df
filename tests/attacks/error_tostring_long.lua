-- expect: error yyyyyyyy -- __tostring of the error object gives megabytes
error(setmetatable({}, { __tostring = function() return ("y"):rep(8000000) end }))
