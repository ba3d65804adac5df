-- expect: ok -- fields are added and removed during pairs
local t = {}
for i = 1, 1000 do t[i] = i end
for _ = 1, 100 do
  pcall(function()
    for k in pairs(t) do
      t[k] = nil
      t[k + 5000] = 1
    end
  end)
end
