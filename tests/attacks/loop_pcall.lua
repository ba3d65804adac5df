-- expect: deadline -- pcall inside an endless loop swallows the error
while true do
  pcall(function() while true do end end)
end
