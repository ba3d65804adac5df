-- expect: error whose __tostring raised too -- __tostring of the error object gives no text
error(setmetatable({}, { __tostring = function() return {} end }))
