-- expect: memory -- the same, swallowed
while true do pcall(string.pack, "c2000000000", "") end
