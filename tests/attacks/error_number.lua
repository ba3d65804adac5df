-- expect: error 42 -- an error object that is a number
error(42)
