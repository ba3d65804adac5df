-- expect: error cannot be set -- a global through _G
_G.pcall = nil
