-- expect: ok -- what pairs shows of a library is not the library
for name, f in pairs(string) do assert(string[name] == f) end
assert(next(string) == nil)
local copy = {}
for name, f in pairs(string) do copy[name] = f end
copy.rep = nil
assert(string.rep)
