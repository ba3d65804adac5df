-- expect: error 'os' is not available -- commands
os.execute("id")
