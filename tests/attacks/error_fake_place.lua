-- expect: error it was not me -- a message that names another place
error("/etc/passwd:1: it was not me", 0)
