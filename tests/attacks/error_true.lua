-- expect: error raised true -- an error object that is a boolean
error(true)
