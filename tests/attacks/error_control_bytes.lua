-- expect: error a b c -- a message with line ends and NULs
error("a\nb\0c")
