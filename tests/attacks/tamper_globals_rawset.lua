-- expect: error frozen -- a global through rawset
rawset(_G, "pcall", 1)
