-- expect: error takes too many steps -- backtracking inside gsub
return ("x"):rep(2000):gsub("x*x*x*y", "")
