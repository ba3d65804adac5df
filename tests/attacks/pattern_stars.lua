-- expect: error takes too many steps -- a pattern that backtracks for ever
return ("x"):rep(300):find(("x*"):rep(3) .. "y")
