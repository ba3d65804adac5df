-- expect: memory -- closures that hold each other
local f
while true do
  local held = f
  f = function() return held end
end
