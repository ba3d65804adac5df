-- expect: error takes too many steps -- the same with lazy repeats
return ("x"):rep(1000):match(("x-"):rep(6) .. "y")
