-- What luacheck may see as global: Lua 5.4 itself, and what tidegate gives scripts and rules.
-- A kind of rule is a constructor in topic scripts, named like its file.
std = "lua54"
max_line_length = false -- lint/lines does it

local function constructors()
  local names = {}
  local listing = io.popen("find rules -name '*.lua' 2>/dev/null")
  for path in listing:lines() do names[#names + 1] = path:match("([%w_]+)%.lua$") end
  listing:close()
  return names
end

stds.tidegate = { read_globals = dofile "docs/lua/tidegate_std.lua" }
stds.topics = { read_globals = constructors() }

files["rules/**/*.lua"] = { std = "lua54+tidegate" }
files["scripts/**/*.lua"] = { std = "lua54+tidegate+topics" }
files["tests/**/scripts/**/*.lua"] = { std = "lua54+tidegate+topics" }
files["tests/**/rules/**/*.lua"] = { std = "lua54+tidegate" }
files["**/*_spec.lua"] = { std = "lua54+busted+tidegate" }
