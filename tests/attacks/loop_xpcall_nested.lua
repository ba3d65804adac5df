-- expect: deadline -- the handler calls xpcall again
local function again()
  while true do xpcall(error, again) end
end
again()
