-- expect: error takes too many steps -- backtracking inside gmatch
for _ in ("x"):rep(2000):gmatch("x*x*x*y") do end
