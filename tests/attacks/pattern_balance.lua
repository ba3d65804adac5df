-- expect: error takes too many steps -- a balance that never closes, from every position
return ("("):rep(1000000):find("%b()")
