-- expect: error are more than 10000000 -- table.move over a hundred million elements
table.move({}, 1, 1e8, 2)
