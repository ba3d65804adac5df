-- expect: error invalid conversion -- a format with a huge width
return ("%099999999d"):format(1)
