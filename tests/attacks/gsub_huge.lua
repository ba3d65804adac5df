-- expect: error longer than a quarter of lua.memory -- gsub that makes every byte long
return ("x"):rep(100000):gsub("x", ("y"):rep(100000))
