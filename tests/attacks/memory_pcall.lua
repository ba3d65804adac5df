-- expect: memory -- pcall swallows the end of memory and goes on
local t = {}
while true do
  pcall(function() while true do t[#t + 1] = { #t } end end)
end
