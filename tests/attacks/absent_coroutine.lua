-- expect: error 'coroutine' is not available -- a coroutine that the deadline would not reach
coroutine.wrap(function() while true do end end)()
