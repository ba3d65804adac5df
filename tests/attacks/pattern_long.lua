-- expect: error longer than 4096 -- a pattern of megabytes
return ("x"):find(("x*"):rep(1000000))
