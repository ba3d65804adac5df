-- expect: error bad argument -- a format with a million directives
return ("%99d"):rep(100000):format(1, 2, 3)
