-- expect: error malformed pattern -- a million open captures
return ("x"):find(("("):rep(32))
