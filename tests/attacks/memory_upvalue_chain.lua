-- expect: memory -- nested tables, each holds the one before
local t = {}
while true do t = { t, t, t } end
