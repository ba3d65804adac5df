-- expect: error 'io' is not available -- files
io.open("/etc/passwd")
