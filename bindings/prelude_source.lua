-- prelude_source.lua: finds the line of a key or a text in a script's source, for messages.

-- Calls visit(line number, text) for each line until it returns true; returns that number.
local function find_line(text, visit)
  local number = 1
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    if visit(line) then return number end
    number = number + 1
  end
end

-- The line where `key = ..` stands, or 1. Keys inside nested tables are found only when no line
-- starts with it.
local function line_of(file, key)
  if type(key) ~= "string" or not key:find("^[%a_][%w_]*$") then return 1 end
  local first = find_line(file.text, function(line) return line:find("^%s*" .. key
    .. "%s*=[^=]") end)
    or find_line(file.text, function(line) return line:find("[{,]%s*" .. key .. "%s*=[^=]") end)
  return first or 1
end

-- The line that holds the quoted text, or that of key.
local function line_of_text(file, text, key)
  local line = type(text) == "string" and find_line(file.text, function(l)
    return l:find('"' .. text .. '"', 1, true) or l:find("'" .. text .. "'", 1, true)
  end)
  return line or line_of(file, key)
end

return { line_of = line_of, line_of_text = line_of_text }
