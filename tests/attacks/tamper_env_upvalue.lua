-- expect: ok -- replacing _ENV touches this chunk only
_ENV = { x = 1 }
x = 2
