-- expect: memory -- string.pack pads to gigabytes
return string.pack("c2000000000", "")
