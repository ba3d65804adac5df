-- expect: deadline -- the callback of gsub never answers
return ("x"):gsub("x", function() while true do end end)
