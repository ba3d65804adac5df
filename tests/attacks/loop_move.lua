-- expect: deadline -- table.move of ten million elements, again and again
while true do pcall(table.move, {}, 1, 9999999, 2) end
