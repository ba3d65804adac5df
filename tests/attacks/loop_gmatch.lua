-- expect: deadline -- an endless walk over empty matches
while true do
  for _ in (" "):rep(100000):gmatch("") do end
end
