-- expect: error C stack overflow -- sort inside the comparator of sort
local function less() table.sort({ 2, 1 }, less) return true end
return less()
