-- expect: error wraps around -- table.move past the largest integer
table.move({ 1, 2, 3 }, 1, 3, math.maxinteger - 1)
