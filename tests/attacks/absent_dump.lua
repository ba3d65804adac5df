-- expect: error 'string.dump' is not available -- bytecode by dump
string.dump(function() end)
