-- expect: error takes too many steps -- back references over long captures
return ("a"):rep(3000):find("(a*)(a*)%1%2b")
