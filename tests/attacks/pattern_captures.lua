-- expect: error more than 32 captures -- a pattern with a thousand captures
return ("x"):find(("()"):rep(1000))
