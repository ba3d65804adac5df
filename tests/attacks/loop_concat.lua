-- expect: deadline -- concat of elements that __index makes up
local t = setmetatable({}, { __index = function() return "" end })
while true do pcall(table.concat, t, "", 1, 9999999) end
