-- expect: error xxxxxxxx -- a message of megabytes
error(("x"):rep(8000000))
