-- expect: error takes too many steps -- optional characters, thirty of them
return ("a"):rep(30):find(("a?"):rep(40) .. ("a"):rep(30) .. "b")
