-- expect: error global 'require' is not defined -- a C library
require("socket")
