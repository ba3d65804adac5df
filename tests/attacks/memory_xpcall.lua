-- expect: memory -- the handler eats what is left
local t = {}
while true do
  xpcall(function() while true do t[#t + 1] = {} end end,
         function() while true do t[#t + 1] = {} end end)
end
