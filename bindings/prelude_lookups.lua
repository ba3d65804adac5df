-- prelude_lookups.lua: the lookups that a topic declares, and the ones that a test gives instead.
local tg = ...
local params = tg.params
local shown, did_you_mean = params.shown, params.did_you_mean

local columns_max, keys_max, lookups_max = 64, 8, 64
local stale = { error = true, warn = true, skip = true }
local keys = {
  table = true, file = true, key = true, value = true, where = true, refresh = true,
  on_stale = true, stale_after = true,
}

-- "rate numeric(12,6)" -> { "rate", "numeric(12,6)" }; the type may be left out.
local function column(v)
  local name, kind
  if type(v) == "string" then name, kind = v:match("^%s*(%S+)%s*(.-)%s*$") end
  if not name then
    return nil, "a column such as \"rate\" or \"rate numeric(12,6)\" is due, not " .. shown(v)
  end
  if not tg.name_ok(name) then
    return nil, "'" .. tg.shown(name) .. "' is not the name of a column"
  end
  if kind == "" then return { name } end
  local why = tg.type_fault(kind)
  if why then return nil, why end
  return { name, kind }
end

-- One column or a list of them, appended to `to`.
local function columns(v, to, most)
  local list = type(v) == "table" and v or { v }
  if not params.is_list(list) or #list == 0 or #list > most then
    return "one column or a list of at most " .. most .. " is due, not " .. shown(v)
  end
  for _, text in ipairs(list) do
    local c, why = column(text)
    if not c then return why end
    for _, other in ipairs(to) do
      if other[1] == c[1] then return "the column '" .. c[1] .. "' is named twice" end
    end
    to[#to + 1] = c
  end
end

local function duration(v, default)
  if v == nil then return default end
  local us, why = params.duration_us(v)
  if us and us < 1000000 then return nil, "'" .. tostring(v) .. "' is less than a second" end
  return us, why
end

-- Where its rows come from: a table or a file. Returns why it cannot be.
local function read_origin(spec, decl, target)
  if (spec.table == nil) == (spec.file == nil) then
    return "say either table = \"..\" or file = \"..\""
  end
  if spec.table ~= nil then
    local found, why = target(spec.table)
    if why then return "table: " .. why end
    decl.schema, decl.table = found.schema, found.table
    return nil
  end
  local file = spec.file
  local good = type(file) == "string" and (file:find("%.csv$") or file:find("%.jsonl$"))
  if not good or file:find("..", 1, true) or file:sub(1, 1) == "/" then
    return "file: a .csv or .jsonl file below the folder of scripts is due, not " .. shown(file)
  end
  for _, key in ipairs { "where", "refresh", "on_stale", "stale_after" } do
    if spec[key] ~= nil then
      return key .. " is for tables: a file is read with the scripts, and again at a reload"
    end
  end
  decl.file = file
end

local function read_times(spec, decl)
  local why
  decl.refresh_us, why = duration(spec.refresh, 300000000)
  if why then return "refresh: " .. why end
  decl.stale_after_us, why = duration(spec.stale_after, 3 * decl.refresh_us)
  if why then return "stale_after: " .. why end
  if decl.stale_after_us < 2 * decl.refresh_us then
    return "stale_after is less than twice refresh: it would be stale between two readings"
  end
  decl.on_stale = spec.on_stale or "error"
  if not stale[decl.on_stale] then
    return "on_stale is 'error', 'warn' or 'skip', not " .. shown(spec.on_stale)
  end
  if spec.where ~= nil and (type(spec.where) ~= "string" or not spec.where:find("%S")) then
    return "where is a condition in SQL, not " .. shown(spec.where)
  end
  decl.where = spec.where
end

-- A declaration as tg.lookup() takes it, or nil and why.
local function read(name, spec, target)
  if type(name) ~= "string" or not tg.name_ok(name) then
    return nil, "a name such as rates is due, not " .. shown(name)
  end
  if type(spec) ~= "table" then
    return nil, "a table such as { table = \"fx\", key = \"ccy\", value = \"rate\" } is due, not "
      .. shown(spec)
  end
  for key in next, spec do
    if not keys[key] then
      return nil, "unknown key " .. shown(key)
        .. (type(key) == "string" and did_you_mean(key, params.names_of(keys)) or "")
    end
  end
  local decl = { name = name, columns = {} }
  local why = read_origin(spec, decl, target) or read_times(spec, decl)
  if why then return nil, why end
  if spec.key == nil then return nil, "key is missing: the column, or columns, to find a row by" end
  why = columns(spec.key, decl.columns, keys_max)
  if why then return nil, "key: " .. why end
  decl.keys = #decl.columns
  decl.single = type(spec.value) == "string"
  why = spec.value ~= nil and columns(spec.value, decl.columns, columns_max - decl.keys)
  if why then return nil, "value: " .. why end
  return decl
end

-- Hands every lookup of a topic to C; returns name -> declaration of those that are good.
local function load(file, handle, specs, target, report)
  local good, count = {}, 0
  for name in next, specs or {} do
    count = count + 1
    if type(name) ~= "string" then
      report("lookups", "lookups: every lookup has a name; " .. shown(name) .. " is none")
      return good
    end
  end
  if count > lookups_max then
    report("lookups", "lookups: a topic has at most " .. lookups_max)
    return good
  end
  for _, name in ipairs(params.names_of(specs or {})) do
    local decl, why = read(name, specs[name], target)
    if decl then why = tg.lookup(handle, decl, file.path) end
    if why then
      report(name, "lookup " .. shown(name) .. ": " .. why)
    else
      good[name] = decl
    end
  end
  return good
end

-- ---------------------------------------------------------------- given by tests

local function is_value(v)
  local t = type(v)
  return t == "string" or t == "number" or t == "boolean" or v == tg.null
end

local function names_in(list)
  local seen = {}
  for _, row in ipairs(list) do
    for name in next, row do seen[name] = true end
  end
  return params.names_of(seen)
end

-- The columns of a lookup that no topic declares: as the values show them.
local function guess(rows, key_names, single)
  local decl = { columns = {}, keys = #key_names, single = single }
  local taken = {}
  for i, name in ipairs(key_names) do decl.columns[i], taken[name] = { name }, true end
  for _, name in ipairs(names_in(rows)) do
    if not taken[name] then decl.columns[#decl.columns + 1] = { name } end
  end
  return decl
end

-- { EUR = 1 }, { A1 = { tier = "gold" } }, { "DE", "FR" }, { key = { "a", "b" }, { a = .. }, .. }
-- -> rows by column name, the names of the keys, whether there is one value without a name.
local function rows_of(v, decl)
  local names, value = {}, "value"
  for i = 1, decl and decl.keys or 0 do names[i] = decl.columns[i][1] end
  if decl and decl.columns[decl.keys + 1] then value = decl.columns[decl.keys + 1][1] end
  if type(v.key) == "table" and type(v[1]) == "table" then names = v.key end
  local rows, single = {}, false
  for i, row in ipairs(v) do
    rows[i] = type(row) == "table" and row or { [names[1] or "key"] = row }
  end
  if #rows > 0 then return rows, names[1] and names or { "key" }, false end
  local key = names[1] or "key"
  for k, x in next, v do
    local row = { [key] = k }
    if type(x) == "table" and x ~= tg.null then
      for name, one in next, x do row[name] = one end
    else
      row[value], single = x, true
    end
    rows[#rows + 1] = row
  end
  table.sort(rows, function(a, b) return tostring(a[key]) < tostring(b[key]) end)
  return rows, { key }, single
end

-- The cells of one row in the order of the columns; nil and why.
local function cells_of(row, decl)
  local cells, known = {}, {}
  for i, c in ipairs(decl.columns) do
    local v = row[c[1]]
    if v == nil then v = tg.null end
    if not is_value(v) then return nil, c[1] .. ": a value is due, not " .. shown(v) end
    cells[i], known[c[1]] = v, true
  end
  for _, name in ipairs(params.names_of(row)) do
    if not known[name] then return nil, "there is no column '" .. tg.shown(name) .. "'" end
  end
  return cells
end

local function one_given(name, v, declared)
  if type(v) ~= "table" or v == tg.null then
    return nil, "a table such as { EUR = 1 } is due, not " .. shown(v)
  end
  local rows, key_names, single = rows_of(v, declared)
  for _, row in ipairs(rows) do
    for key in next, row do
      if type(key) ~= "string" then
        return nil, "a column has a name; " .. shown(key) .. " is none"
      end
    end
  end
  local decl = declared or guess(rows, key_names, single)
  local out = {
    name = name, columns = decl.columns, keys = decl.keys, single = decl.single, rows = {},
  }
  for i, row in ipairs(rows) do
    local cells, why = cells_of(row, decl)
    if not cells then return nil, why end
    out.rows[i] = cells
  end
  return out
end

-- The lookups of a test as C reads them; nil and why. declared: those of its topic, or nil.
local function given(lookups, declared)
  local list = {}
  if type(lookups) ~= "table" then return nil, "lookups is a table, not " .. shown(lookups) end
  for name in next, lookups do
    if type(name) ~= "string" then return nil, "lookups: " .. shown(name) .. " is no name" end
  end
  for _, name in ipairs(params.names_of(lookups)) do
    if declared and not declared[name] then
      return nil, "lookups: the topic has no lookup '" .. tg.shown(name) .. "'"
        .. did_you_mean(name, params.names_of(declared))
    end
    local one, why = one_given(name, lookups[name], declared and declared[name])
    if not one then return nil, "lookups: " .. tg.shown(name) .. ": " .. why end
    list[#list + 1] = one
  end
  return list
end

return { load = load, given = given }
