-- expect: ok -- a long chain of ephemerons, in random order, made weak later
local keys, order, chain = {}, {}, {}
local count, seed = 30000, 1
for i = 1, count + 1 do keys[i] = {} end
for i = 1, count do order[i] = i end
for i = count, 2, -1 do
  seed = seed * 1103515245 + 12345 & 0x7fffffff
  local j = seed % i + 1
  order[i], order[j] = order[j], order[i]
end
for i = 1, count do
  local m, k = {}, order[i]
  chain[i] = setmetatable({ [keys[k]] = keys[k + 1] }, m)
  m.__mode = "k"
end
local first = keys[1]
keys = nil
for i = 1, 100000 do seed = { i } end
return first
