-- expect: error is not declared -- a global by its name
pcall = function() end
