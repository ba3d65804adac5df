-- expect: ok -- another environment for the rest of the chunk
local mine = { pcall = pcall }
local _ENV = mine
pcall = nil
x = 1
