-- expect: error frozen -- replacing string.rep by rawset
rawset(string, "rep", 1)
