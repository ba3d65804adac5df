-- expect: error 'math.random' is not available -- chance
math.random()
