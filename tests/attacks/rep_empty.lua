-- expect: ok -- string.rep of nothing, very often
return (""):rep(math.maxinteger)
