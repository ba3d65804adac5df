-- expect: error longer than a quarter of lua.memory -- string.rep whose size overflows
return ("xy"):rep(math.maxinteger, "z")
