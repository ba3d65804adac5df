-- expect: deadline -- the message handler of the deadline loops itself
xpcall(function() while true do end end, function() while true do end end)
