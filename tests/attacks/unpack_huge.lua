-- expect: error too many to unpack -- unpack of more than the stack holds
return table.unpack({}, 1, 1e6)
