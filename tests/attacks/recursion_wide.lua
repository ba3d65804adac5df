-- expect: error stack overflow -- the same with many locals
local function f(a, b, c, d, e, ...) return 1 + f(b, c, d, e, a, 1, ...) end
return f(1, 2, 3, 4, 5)
