-- prelude_checks.lua: what every rule must hold, tried on the rows of its inline tests: as far as
-- its `depends` promises, neither the order of rows nor the cut of batches changes the result;
-- judging a batch twice and restarting in between change nothing.
local tg = ...
local series = tg.series

local rows_max = 1000 -- tests with more rows are not run again

local function flat(batches)
  local rows = {}
  for _, batch in ipairs(batches) do
    for _, row in ipairs(batch) do rows[#rows + 1] = row end
  end
  return rows
end

-- The numbers 1..n in another order, always the same for n; another one is the first.
local function shuffled(n)
  local order, random = {}, series.random(n)
  for i = 1, n do order[i] = i end
  for i = n, 2, -1 do
    local j = 1 + math.floor(random() * i)
    order[i], order[j] = order[j], order[i]
  end
  if order[1] == 1 and n > 1 then order[1], order[n] = order[n], 1 end
  return order
end

-- A spec of other batches of the same rows; order[i]: which of the given rows comes i-th.
local function with_batches(spec, batches, order)
  local out = {}
  for key, v in next, spec do out[key] = v end
  out.batches = batches
  if spec.kafka and order then
    out.kafka = {}
    for i, from in ipairs(order) do out.kafka[i] = spec.kafka[from] end
  end
  return out
end

local function numbers(list)
  local parts = {}
  for i, v in ipairs(list) do parts[i] = tostring(v) end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

-- What failed, in the numbers of the rows as given: number -> reason.
local function failed(got, order)
  local reasons, rows = {}, {}
  for i, row in ipairs(got.fails) do
    local given = order and order[row] or row
    rows[#rows + 1] = given
    reasons[given] = got.reasons[i]
  end
  table.sort(rows)
  return rows, reasons
end

-- The failing rows of a run whose i-th row is the given row order[i], and their reasons.
local function as_given(got, order)
  local rows, by_row = failed(got, order)
  local reasons = {}
  for i, row in ipairs(rows) do reasons[i] = by_row[row] end
  return rows, reasons
end

local function difference(first, got, order)
  if got.verdict == "error" then return "an error: " .. tostring(got.error) end
  local want, want_reasons = failed(first)
  local have, have_reasons = failed(got, order)
  if numbers(want) ~= numbers(have) then
    return "fails: expected " .. numbers(want) .. ", got " .. numbers(have)
  end
  if got.evaluated ~= first.evaluated then
    return "evaluated: expected " .. first.evaluated .. ", got " .. got.evaluated
  end
  for _, row in ipairs(want) do
    if want_reasons[row] ~= have_reasons[row] then
      return "reason of row " .. row .. ": expected " .. tostring(want_reasons[row]) .. ", got "
        .. tostring(have_reasons[row])
    end
  end
end

-- Sums of floats depend on their order in the last bits: near enough is the same.
local function near(a, b)
  if type(a) ~= "number" or type(b) ~= "number" then return a == b or type(a) == "table" end
  return a == b or a ~= a and b ~= b
    or math.abs(a - b) <= 1e-9 * math.max(math.abs(a), math.abs(b))
end

-- Whether a measure says the same of every batch as before; close: within rounding.
local function measured(first, got, close)
  if got.verdict == "error" then return "an error: " .. tostring(got.error) end
  if not near(first.observed, got.observed) then
    return "observed: expected " .. tostring(first.observed) .. ", got " .. tostring(got.observed)
  end
  for i, outcome in ipairs(first.outcomes) do
    local now = got.outcomes[i]
    local exact = not close or first.observed == got.observed
    if exact and outcome.verdict ~= now.verdict then
      return "verdict of batch " .. i .. ": expected " .. outcome.verdict .. ", got " .. now.verdict
    elseif not close and outcome.seen ~= now.seen then
      return "batch " .. i .. ": expected " .. tostring(outcome.seen) .. ", got "
        .. tostring(now.seen)
    end
  end
end

-- ---------------------------------------------------------------- the checks

local function in_another_order(spec)
  local rows, batch = flat(spec.batches), {}
  local order = shuffled(#rows)
  for i, from in ipairs(order) do batch[i] = rows[from] end
  return {
    name = "in another order of the rows", spec = with_batches(spec, { batch }, order),
    differs = function(first, got) return difference(first, got, order) end,
  }
end

local function cut_to_rows(spec)
  local batches = {}
  for i, row in ipairs(flat(spec.batches)) do batches[i] = { row } end
  return {
    name = "as one batch for each row", spec = with_batches(spec, batches),
    differs = difference,
  }
end

local function in_one_batch(spec)
  return {
    name = "as one batch of all rows", spec = with_batches(spec, { flat(spec.batches) }),
    differs = difference,
  }
end

-- A spec with a further key.
local function changed(spec, name, value)
  local out = with_batches(spec, spec.batches)
  out[name] = value
  return out
end

local function once_more(spec)
  return { name = "judged again", spec = changed(spec, "twice", true), differs = difference }
end

local function every_batch(spec)
  local list = {}
  for i = 2, #spec.batches do list[i - 1] = i end
  return list
end

local function restarted(spec)
  return { name = "its state saved and read again", differs = difference,
    spec = changed(spec, "restart", every_batch(spec)) }
end

-- The rows of each batch in another order: a measure sees the same values.
local function measured_in_another_order(spec)
  local batches, order = {}, {}
  for n, rows in ipairs(spec.batches) do
    local before, inner = #order, shuffled(#rows)
    batches[n] = {}
    for i, from in ipairs(inner) do
      batches[n][i] = rows[from]
      order[before + i] = before + from
    end
  end
  return {
    name = "in another order of the rows", spec = with_batches(spec, batches, order),
    differs = function(first, got) return measured(first, got, true) end,
  }
end

local function measured_once_more(spec)
  return { name = "judged again", spec = changed(spec, "twice", true), differs = measured }
end

local function measured_restarted(spec)
  return { name = "its state saved and read again", differs = measured,
    spec = changed(spec, "restart", every_batch(spec)) }
end

local by_clock = { measured_once_more } -- what comes after it depends on the order of all

local promises = {
  row = { in_another_order, cut_to_rows },
  batch = { once_more },
  stream = { once_more, cut_to_rows, in_one_batch, restarted },
}
local of_measures = {
  batch = { measured_in_another_order, measured_once_more },
  stream = { measured_once_more, measured_restarted },
}

-- What the result of a rule may depend on: what it says, else what its form allows.
local function depends(kind)
  if kind.depends then return kind.depends end
  return kind.measure and "batch" or kind.state and "stream" or "row"
end

-- The checks for a test that was run as `spec`: a list of { name, spec, differs(first, got) }.
local function of(kind, spec)
  local list = {}
  if #flat(spec.batches) > rows_max then return list end
  local by = kind.measure and of_measures or promises
  local fixed = spec.clock and by_clock or spec.versions and (kind.measure and by_clock or by.batch)
  for _, check in ipairs(fixed or by[depends(kind)] or of_measures.batch) do
    list[#list + 1] = check(spec)
  end
  return list
end

-- What to tell when `check` differs in the way `why`.
local function told(kind, check, why)
  local hint = depends(kind) == "row"
    and "; a rule whose result depends on other rows says depends = \"batch\" or \"stream\"" or ""
  return check.name .. " (every rule is tried so): " .. why .. hint
end

return { of = of, told = told, as_given = as_given }
