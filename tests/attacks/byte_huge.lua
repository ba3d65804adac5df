-- expect: error string slice too long -- string.byte of a long text
return ("x"):rep(8000000):byte(1, -1)
