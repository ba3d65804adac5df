-- expect: error cannot be set -- replacing string.rep
string.rep = nil
