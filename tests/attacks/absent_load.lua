-- expect: error 'load' is not available -- bytecode through load
load("\27Lua")
