-- expect: error protected metatable -- another metatable for _G
setmetatable(_G, {})
