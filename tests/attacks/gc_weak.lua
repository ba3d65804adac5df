-- expect: error metatables cannot have __mode -- weak tables
setmetatable({}, { __mode = "k" })
