-- expect: error 'debug' is not available -- a look behind the scenes
debug.getregistry()
