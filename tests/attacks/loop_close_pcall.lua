-- expect: deadline -- __close hides its loop in pcall
local forever = setmetatable({}, { __close = function()
  while true do pcall(function() while true do end end) end
end })
for _ = 1, 10 do
  local a <close> = forever
end
