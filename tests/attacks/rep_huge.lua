-- expect: error longer than a quarter of lua.memory -- string.rep of gigabytes
return ("x"):rep(1 << 40)
