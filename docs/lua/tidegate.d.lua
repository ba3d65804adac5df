---@meta tidegate
-- What scripts can use, for language servers (LuaCATS): made from the table that registers it,
-- `tidegate docs lua`.

---@class tidegate.Batch
---The number of rows.
---@field rows any
---The topic's name.
---@field topic any
local Batch = {}

---@class tidegate.Column
local Column = {}

---@class tidegate.Summary
---How many values it was made of (b:count(): m.rows).
---@field count any
---Of sum, min, max and b:count(); nil without values.
---@field value any
---Of moments; the sample's (n - 1); nil when there are too few values.
---@field mean any
---Of quantiles: the middle value, or the mean of the middle two.
---@field median any
---Of distinct and counts: how many different values.
---@field distinct any
---Of counts: rows whose value is not kept.
---@field other any
---Of counts: -sum p ln p over the values.
---@field entropy any
---Of comoments; nil when one side is constant.
---@field correlation any
---Whether a sketch answers: past the caps of the methods above.
---@field approx any
local Summary = {}

---@class tidegate.Lookup
---The value found for each key; a missing key is a fault, a null key null. Several values: .NAME
---behind it.
---@field lookup any
local Lookup = {}

---@class tidegate.State
local State = {}

---@class tidegate.Model
local Model = {}

---Kafka's timestamp of each event.
function Batch:kafka_timestamp() end

---The offset of each event.
function Batch:kafka_offset() end

---The partition of each event.
function Batch:kafka_partition() end

---The size of each event's value, in bytes.
function Batch:event_bytes() end

---The names of the columns, a list.
function Batch:columns() end

---Why the event, or that field of it, could not be decoded; else null.
---@param field? any
function Batch:fault(field) end

---The events' top-level fields, by name: { name, types = {..}, rows }, and .events.
function Batch:seen() end

---Which events have these fields of these types ("number|string?"), the reasons, and how many miss
---one or have one more.
---@param name any
---@param type any
function Batch:shape(name, type, ...) end

---Transform: these rows are not loaded, only counted.
---@param mask any
---@param reason any
function Batch:drop(mask, reason) end

---Transform: these rows go to the quarantine.
---@param mask any
---@param reason any
function Batch:quarantine(mask, reason) end

---Transform: loaded, with the reason in _issues.
---@param mask any
---@param reason any
function Batch:tag(mask, reason) end

---Transform: a record for Kafka of each of these rows that is loaded; value: a column, or {name =
---column}.
---@param topic any
---@param mask? any
---@param key? any
---@param value? any
---@param headers? any
function Batch:emit(topic, mask, key, value, headers) end

---A summary: m.rows, and m.value of them for which mask is true.
---@param mask? any
function Batch:count(mask) end

---A mask by a Lua function of each row (null is nil), and the reasons behind its false; slow.
---@param names any
---@param fn any
function Batch:map_rows(names, fn) end

---Equal; null when either side is null.
---@param x any
function Column:eq(x) end

---Not equal; null when either side is null.
---@param x any
function Column:ne(x) end

---Less than.
---@param x any
function Column:lt(x) end

---Less than or equal.
---@param x any
function Column:le(x) end

---Greater than.
---@param x any
function Column:gt(x) end

---Greater than or equal.
---@param x any
function Column:ge(x) end

---Equal, two nulls too; never null.
---@param x any
function Column:is(x) end

---Not equal, null-safe; never null.
---@param x any
function Column:isnt(x) end

---As eq, but values of different types are unequal, not an error.
---@param x any
function Column:equals(x) end

---Within bounds; one of them may be nil. NaN is in no range.
---@param min any
---@param max any
---@param exclusive_min? any
---@param exclusive_max? any
function Column:between(min, max, exclusive_min, exclusive_max) end

---Equals one of the values; another type matches nothing.
function Column:is_in(...) end

---[lower, upper) meets no other of its group; gaps "allowed", "forbidden", "required".
---@param upper any
---@param by? any
---@param gaps? any
function Column:apart(upper, by, gaps) end

---True where there is no value.
function Column:is_null() end

---True where there is a value.
function Column:not_null() end

---How many rows are true, as a number.
function Column:count() end

---Whether a row is true.
function Column:any() end

---Whether no row is false; nulls do not count.
function Column:all() end

---The values where mask is true, null elsewhere.
---@param mask any
function Column:where(mask) end

---x where the value is null or a fault; takes faults away.
---@param x any
function Column:default(x) end

---The same for another column.
---@param col2 any
function Column:coalesce(col2) end

---Without its sign.
function Column:abs() end

---To so many decimals (0), half away from zero.
---@param places? any
function Column:round(places) end

---Down to the next whole number.
function Column:floor() end

---Length in "chars" (code points) or "bytes".
---@param unit? any
function Column:len(unit) end

---In lower case: "ascii" letters, or "unicode".
---@param letters? any
function Column:lower(letters) end

---In upper case: "ascii" letters, or "unicode".
---@param letters? any
function Column:upper(letters) end

---Without white space at both ends.
function Column:trim() end

---Characters from .. to, counted from 1; negative: from the end.
---@param from any
---@param to? any
function Column:sub(from, to) end

---Begins with text.
---@param text any
function Column:starts(text) end

---Ends with text.
---@param text any
function Column:ends(text) end

---Holds text somewhere.
---@param text any
function Column:contains(text) end

---PCRE2 search; flags i m s x. A limit reached is a fault.
---@param regex any
---@param flags? any
function Column:matches(regex, flags) end

---The whole text is valid in this format (FORMATS.md lists them); "" is not.
---@param name any
---@param country? any
function Column:is_format(name, country) end

---The whole text is a number: sign, digits, fraction, exponent; numbers are.
---@param decimal? any
---@param group? any
function Column:is_number(decimal, group) end

---Valid UTF-8 without control characters but tab, LF, CR (true allows them) and U+0000.
---@param control? any
---@param nul? any
function Column:is_clean(control, nul) end

---SQL LIKE on the whole text: % _ and backslash.
---@param pattern any
function Column:like(pattern) end

---Every plain occurrence of from becomes to.
---@param from any
---@param to any
function Column:replace(from, to) end

---The n-th piece from 1; fewer pieces are a fault.
---@param sep any
---@param n any
function Column:split(sep, n) end

---Start of its second minute hour day week month quarter year.
---@param unit any
---@param zone? any
function Column:trunc(unit, zone) end

---Later by "2h", "7d", "1 month"; earlier with a minus.
---@param duration any
function Column:add(duration) end

---The event's Kafka timestamp minus the value, an interval.
function Column:age() end

---An interval, or an instant counted from 1970 in UTC, as seconds, a float.
function Column:seconds() end

---0 to 23.
---@param zone? any
function Column:hour(zone) end

---1 Monday to 7 Sunday.
---@param zone? any
function Column:weekday(zone) end

---Another type, rounding where needed; what does not fit is a fault.
---@param type any
function Column:cast(type) end

---Text as a type's value, or a time by a pattern such as %d.%m.%Y.
---@param format any
function Column:parse(format) end

---Which texts parse so.
---@param format any
function Column:parses(format) end

---The name of its type, as "bigint" or "numeric(12,2)".
function Column:type() end

---integer number string boolean timestamp date object array; coerce: texts written so too.
---@param kinds any
---@param coerce? any
function Column:of_type(kinds, coerce) end

---A number that smallint, integer, bigint or numeric(p,s) holds without rounding.
---@param type any
function Column:fits(type) end

---As text; times in RFC 3339 or by a pattern.
---@param pattern? any
function Column:to_text(pattern) end

---The value at "a.b.2" inside json as text, or as type; absent is null.
---@param path any
---@param type? any
function Column:json(path, type) end

---JSON, in texts or json columns, satisfies a JSON Schema: a table, or its text.
---@param schema any
function Column:matches_schema(schema) end

---The i-th element of an array, from 1; negative: from the end.
---@param i any
function Column:at(i) end

---How many elements an array has.
function Column:length() end

---An element of the array equals one of the values.
function Column:any_in(...) end

---Count, mean, variance .. of numbers (booleans: 0 and 1).
function Column:moments() end

---The sum: exact for whole numbers and numeric, compensated for floats.
function Column:sum() end

---The smallest value.
function Column:min() end

---The largest value.
function Column:max() end

---How many different values: exact up to max (4,096), then within 0.8 %.
---@param max? any
function Column:distinct(max) end

---Quantiles: exact up to 65,536 values, then within 1 %.
function Column:quantiles() end

---How often each value occurs; past cap (10,000) different ones the others are one heap.
---@param cap? any
function Column:counts(cap) end

---How two columns vary together, of the rows with both.
---@param b any
function Column:comoments(b) end

---Of quantiles: the value at (n - 1) p, interpolated.
---@param p any
function Summary:q(p) end

---Of quantiles: the value at rank round((n - 1) p), half to even.
---@param p any
function Summary:nearest(p) end

---Of counts: in how many rows the value is.
---@param value any
function Summary:of(value) end

---Of counts: {{value, n}, ..}, the most frequent first.
---@param most? any
function Summary:list(most) end

---Of min and max: whether the value is within bounds; nil without values.
---@param min any
---@param max any
---@param exclusive_min? any
---@param exclusive_max? any
function Summary:between(min, max, exclusive_min, exclusive_max) end

---The same with as many columns as the lookup has keys.
---@param col any
function Lookup:get(col, ...) end

---A mask: the key is there.
---@param col any
function Lookup:has(col, ...) end

---How many rows the snapshot has, a number; nil when stale and skipped.
function Lookup:rows() end

---The sum of a value over all rows, a number; nil of none.
---@param value any
function Lookup:sum(value) end

---The mean of a value over all rows.
---@param value any
function Lookup:mean(value) end

---The smallest.
---@param value any
function Lookup:min(value) end

---The largest.
---@param value any
function Lookup:max(value) end

---What the last judgement set, or nil.
function State:get() end

---Keeps v for the next judgement: plain values and tables, 64 KiB.
---@param v any
function State:set(v) end

---Model: mean and variance of all values.
---@param options table
function State:welford(options) end

---Model: exponentially weighted mean and variance.
---@param options table
function State:ewma(options) end

---Model: median and MAD of the last values.
---@param options table
function State:mad(options) end

---Model: level, trend and season.
---@param options table
function State:holt_winters(options) end

---Model: a change of the mean; begins anew after it.
---@param options table
function State:page_hinkley(options) end

---Model: a change of the mean; forgets what was before it.
---@param options table
function State:adwin(options) end

---Verdict and { value, expected, low, high, score }; x is learned then. nil: a missing value.
---@param x any
function Model:judge(x) end

---The same without learning, and without the refractory time.
---@param x any
function Model:score(x) end

---Learns x without judging it.
---@param x any
function Model:learn(x) end

---Values learned so far.
function Model:count() end

---a where mask is true, else b (also where it is null).
---@param mask any
---@param a any
---@param b any
function when(mask, a, b) end

---The smallest; nulls are left out.
---@param a any
---@param b any
function least(a, b, ...) end

---The largest; nulls are left out.
---@param a any
---@param b any
function greatest(a, b, ...) end

---For judges: nil when v is nil, else whether it is within bounds, and v.
---@param v any
---@param min any
---@param max any
---@param exclusive_min? any
---@param exclusive_max? any
function within(v, min, max, exclusive_min, exclusive_max) end

---How many seconds "90s" or "2h" are, a number.
---@param duration any
function seconds(duration) end

---The day of an instant, counted from 1970-01-01, and the instant at which it begins.
---@param zone any
---@param us any
function zone_day(zone, us) end

---The first instant at which clocks show that or a later time, whether it comes never or twice.
---@param zone any
---@param local_us any
function zone_first(zone, local_us) end
