-- expect: error 'collectgarbage' is not available -- switching the collector off
collectgarbage("stop")
