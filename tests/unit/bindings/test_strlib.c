/* The bounded string and table functions against the stock ones, on random input, and their bounds.
 * */
#include "bindings/vm.h"

#include "core/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

/* ThreadSanitizer loses track of frames that longjmp() leaves: each error makes all that follows
 * slower. */
#ifdef __SANITIZE_THREAD__
enum { CASES = 500 };
#else
enum { CASES = 20000 };
#endif
enum { TEXT_MAX = 200 };

/* Runs in both states and says in one text what a call gave. */
static const char DRIVER[] =
    "local name, s, p, x = ...\n"
    "local function show(ok, ...)\n"
    "  if not ok then return 'error ' .. tostring((...)) end\n"
    "  local t = {}\n"
    "  for i = 1, select('#', ...) do\n"
    "    local v = (select(i, ...))\n"
    "    t[i] = (math.type(v) or type(v)) .. ' ' .. tostring(v)\n"
    "  end\n"
    "  return table.concat(t, '|')\n"
    "end\n"
    "local function all(s, p, x)\n"
    "  local t = {}\n"
    "  for a, b, c in string.gmatch(s, p, x) do\n"
    "    t[#t + 1] = tostring(a) .. ',' .. tostring(b) .. ',' .. tostring(c)\n"
    "  end\n"
    "  return table.concat(t, ';')\n"
    "end\n"
    "local replacements = {\n"
    "  '<%0>', '%1', '%%', '[%2]', 7,\n"
    "  { a = 'X', ab = 1, [''] = 'E', [1] = 'P' },\n"
    "  function(a, b) return b and tostring(b) .. tostring(a) end,\n"
    "  function(a) return a == 'a' and false or nil end,\n"
    "}\n"
    "if name == 'gmatch' then return show(pcall(all, s, p, x)) end\n"
    "if name == 'gsub' then\n"
    "  local max = x > 0 and x % 5 ~= 0 and x or nil\n"
    "  return show(pcall(string.gsub, s, p, replacements[x % #replacements + 1], max))\n"
    "end\n"
    "if name == 'rep' then return show(pcall(string.rep, s, x, x % 2 == 0 and p or nil)) end\n"
    "if name == 'plain' then return show(pcall(string.find, s, p, x, true)) end\n"
    "return show(pcall(string[name], s, p, x))\n";

static struct tg_vm *vm;
static lua_State *stock;
static uint64_t seed;

static uint32_t below(uint32_t n)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 11) % n;
}

struct made {
  char text[TEXT_MAX];
  size_t len;
};

static void add(struct made *m, const char *piece, size_t len)
{
  if (m->len + len > sizeof m->text) return;
  memcpy(m->text + m->len, piece, len);
  m->len += len;
}

static struct made random_subject(void)
{
  static const char LETTERS[] = "aaaabbbc 1(()).-\0%";
  struct made m = {.len = 0};
  for (uint32_t n = below(24); n > 0; n--) add(&m, &LETTERS[below(sizeof LETTERS - 1)], 1);
  return m;
}

static const char *const SINGLES[] = {"a",     "b",  ".",  "%a",    "%d",   "[ab]", "[^a]",
                                      "[a-c]", "%W", "%.", "[%a-]", "[]x]", "[^]]", "[%]a]",
                                      "c",     "%S", " ",  "[b-]",  "%%"};
static const char *const REPEATS[] = {"", "", "", "*", "+", "-", "?"};

/* A pattern that every implementation must take. */
static struct made well_formed_pattern(void)
{
  struct made m = {.len = 0};
  int open = 0, closed = 0;
  if (below(6) == 0) add(&m, "^", 1);
  for (uint32_t n = below(6) + 1; n > 0; n--) {
    uint32_t kind = below(12);
    if (kind == 0 && open + closed < 3) {
      add(&m, "(", 1);
      open++;
    }
    if (kind == 1) add(&m, "%b()", 4);
    if (kind == 2) add(&m, "%f[%w]", 6);
    if (kind == 3 && open == 0 && closed > 0) add(&m, "%1", 2);
    const char *single = SINGLES[below(sizeof SINGLES / sizeof *SINGLES)];
    const char *repeat = REPEATS[below(sizeof REPEATS / sizeof *REPEATS)];
    add(&m, single, strlen(single));
    add(&m, repeat, strlen(repeat));
    if (kind == 4 && open > 0) {
      add(&m, ")", 1);
      open--, closed++;
    }
    if (kind == 5) add(&m, "()", 2);
  }
  for (; open > 0; open--) add(&m, ")", 1);
  if (below(6) == 0) add(&m, "$", 1);
  return m;
}

/* Any pieces in any order. */
static struct made wild_pattern(void)
{
  static const char *const PIECES[] = {"a",  "b",  "(",  ")",  "%",   "[",  "]",  "^",
                                       "$",  "*",  "+",  "-",  "?",   ".",  "%b", "%f",
                                       "%1", "%2", "()", "[a", "-z]", "%d", "1",  "x"};
  struct made m = {.len = 0};
  for (uint32_t n = below(7); n > 0; n--) {
    const char *piece = PIECES[below(sizeof PIECES / sizeof *PIECES)];
    add(&m, piece, strlen(piece));
  }
  return m;
}

static void push_call(lua_State *L, const char *name, const struct made *s, const struct made *p,
                      int x)
{
  lua_pushstring(L, name);
  lua_pushlstring(L, s->text, s->len);
  lua_pushlstring(L, p->text, p->len);
  lua_pushinteger(L, x);
}

/* Both states hold the driver at 1 and get their answer on top. */
static void ask_both(const char *name, const struct made *s, const struct made *p, int x)
{
  struct tg_err err;
  lua_State *L = tg_vm_lua(vm);
  lua_settop(L, 1), lua_settop(stock, 1);
  lua_pushvalue(L, 1), lua_pushvalue(stock, 1);
  push_call(L, name, s, p, x), push_call(stock, name, s, p, x);
  if (tg_vm_call(vm, 4, 1, &err) != TG_OK) fail_msg("%s: %s", err.where, err.what);
  assert_int_equal(lua_pcall(stock, 4, 1, 0), LUA_OK);
}

static bool is_error(lua_State *L)
{
  return strncmp(lua_tostring(L, -1), "error", 5) == 0;
}

static void fail_differs(const char *name, const struct made *s, const struct made *p, int x)
{
  fail_msg("%s('%.*s', '%.*s', %d): ours '%s', stock '%s'", name, (int)s->len, s->text, (int)p->len,
           p->text, x, lua_tostring(tg_vm_lua(vm), -1), lua_tostring(stock, -1));
}

static bool same_answer(void)
{
  return lua_rawlen(tg_vm_lua(vm), -1) == lua_rawlen(stock, -1) &&
         memcmp(lua_tostring(tg_vm_lua(vm), -1), lua_tostring(stock, -1), lua_rawlen(stock, -1)) ==
             0;
}

static const char *const NAMES[] = {"find", "match", "gmatch", "gsub"};

static void well_formed_patterns_match_as_in_stock(void **state)
{
  (void)state;
  for (int i = 0; i < CASES; i++) {
    struct made s = random_subject(), p = well_formed_pattern();
    const char *name = NAMES[below(4)];
    int x = (int)below(12) - 3;
    ask_both(name, &s, &p, x);
    bool both_raise = is_error(tg_vm_lua(vm)) && is_error(stock); /* replacements may be wrong */
    if (!both_raise && !same_answer()) fail_differs(name, &s, &p, x);
  }
}

/* We refuse a malformed pattern always, stock only where matching reaches the fault. */
static void malformed_patterns_are_refused_at_least_as_in_stock(void **state)
{
  (void)state;
  int refused = 0, stricter = 0;
  for (int i = 0; i < CASES; i++) {
    struct made s = random_subject(), p = wild_pattern();
    const char *name = NAMES[below(3)];
    ask_both(name, &s, &p, 1);
    bool ours = is_error(tg_vm_lua(vm)), theirs = is_error(stock);
    refused += ours;
    stricter += ours && !theirs;
    bool malformed = strstr(lua_tostring(tg_vm_lua(vm), -1), "malformed pattern") != NULL;
    if (ours ? !malformed : (theirs || !same_answer())) fail_differs(name, &s, &p, 1);
  }
  print_message("%d refused, %d of them not by stock\n", refused, stricter);
  assert_true(refused > CASES / 10);
}

static void plain_find_and_rep_are_as_in_stock(void **state)
{
  (void)state;
  for (int i = 0; i < CASES / 4; i++) {
    struct made s = random_subject(), p = random_subject();
    const char *name = below(2) ? "plain" : "rep";
    if (p.len > 2) p.len = below(3);
    int x = (int)below(40) - 15;
    ask_both(name, &s, &p, x);
    if (!same_answer()) fail_differs(name, &s, &p, x);
  }
}

/* Random calls of the table functions; errors are compared by their being one. */
static const char TABLES[] =
    "local name, s, p, seed = ...\n"
    "local state = seed + 12345\n"
    "local function below(n) state = (state * 1103515245 + 12345) % 2147483648 return state // "
    "65536 % n end\n"
    "local t, out = {}, {}\n"
    "for i = 1, below(12) do t[i] = below(50) end\n"
    "local function note(ok, ...)\n"
    "  out[#out + 1] = ok and select('#', ...) or 'error'\n"
    "  if ok then for i = 1, select('#', ...) do out[#out + 1] = tostring((select(i, "
    "...))):gsub('table.*', 't') end end\n"
    "end\n"
    "for i = 1, 30 do\n"
    "  local op, a, b, c = below(8), below(14) - 1, below(14) - 1, below(14) - 1\n"
    "  if op == 0 then note(pcall(table.insert, t, below(50)))\n"
    "  elseif op == 1 then note(pcall(table.insert, t, a, below(50)))\n"
    "  elseif op == 2 then note(pcall(table.remove, t))\n"
    "  elseif op == 3 then note(pcall(table.remove, t, a))\n"
    "  elseif op == 4 then note(pcall(table.move, t, 1, math.min(a, #t), math.max(1, math.min(b, "
    "#t + 1))))\n"
    "  elseif op == 5 then note(pcall(table.concat, t, ',', a, b))\n"
    "  elseif op == 6 then note(pcall(table.unpack, t, a, b))\n"
    "  elseif c % 2 == 0 then note(pcall(table.sort, t))\n"
    "  else note(pcall(table.sort, t, function(x, y) return x > y end)) end\n"
    "  note(true, table.concat(t, ' '))\n"
    "end\n"
    "return table.concat(out, '|')\n";

static void load_both(const char *text)
{
  struct tg_err err;
  lua_settop(tg_vm_lua(vm), 0), lua_settop(stock, 0);
  enum tg_rc rc = tg_vm_load(vm, "driver.lua", tg_text(text), &err);
  if (rc != TG_OK) fail_msg("%s: %s", err.where, err.what);
  assert_int_equal(luaL_loadstring(stock, text), LUA_OK);
}

static void table_functions_are_as_in_stock(void **state)
{
  (void)state;
  struct made none = {.len = 0};
  load_both(TABLES);
  for (int i = 0; i < CASES / 4; i++) {
    ask_both("tables", &none, &none, i);
    if (!same_answer()) fail_differs("tables", &none, &none, i);
  }
}

static int setup(void **state)
{
  (void)state;
  struct tg_vm_conf conf = {.memory_max = 32 << 20, .deadline_us = 30 * TG_SEC};
  struct tg_err err;
  if (tg_vm_new(&conf, &vm, &err) != TG_OK) return -1;
  stock = luaL_newstate();
  luaL_openlibs(stock);
  seed = 88172645463325252u;
  load_both(DRIVER);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  tg_vm_free(vm);
  lua_close(stock);
  return 0;
}

/* Runs a text; the error it raises, or its one result as a text. */
static const char *outcome(const char *text, struct tg_err *err)
{
  lua_State *L = tg_vm_lua(vm);
  lua_settop(L, 0);
  enum tg_rc rc = tg_vm_load(vm, "t.lua", tg_text(text), err);
  if (rc == TG_OK) rc = tg_vm_call(vm, 0, 1, err);
  return rc == TG_OK ? luaL_tolstring(L, -1, NULL) : err->what;
}

static void assert_says(const char *text, const char *expected)
{
  struct tg_err err;
  const char *said = outcome(text, &err);
  if (!strstr(said, expected)) fail_msg("%s: \"%s\" is not in \"%s\"", text, expected, said);
}

static void a_pattern_that_explodes_is_an_error_not_a_miss(void **state)
{
  (void)state;
  int64_t start = tg_clock_mono_us();
  assert_says("return ('x'):rep(300):find(('x*'):rep(3) .. 'y')",
              "takes too many steps on 300 bytes");
  assert_says("return ('x'):rep(1000):gsub(('.-'):rep(5) .. 'y', '')", "takes too many steps");
  assert_says("return ('('):rep(100000):find('%b()')", "takes too many steps");
  assert_says("for _ in ('x'):rep(300):gmatch(('x*'):rep(4) .. 'y') do end",
              "takes too many steps");
  int64_t took = tg_clock_mono_us() - start;
  if (took > 20 * TG_SEC) fail_msg("took %lld us", (long long)took);
}

static void a_linear_pass_over_a_long_text_is_allowed(void **state)
{
  (void)state;
  assert_says("return select(2, ('ab '):rep(1000000):gsub('%s*(%w+)%s*', '%1'))", "1000000");
  assert_says("return ('a'):rep(3000000):find('a*b?$')", "1");
  assert_says("return ('a'):rep(3000000):match('^.-$') ~= nil", "true");
}

static void results_past_a_quarter_of_the_memory_are_refused(void **state)
{
  (void)state;
  static const char LONG[] = "longer than a quarter of lua.memory (8388608 bytes)";
  assert_says("return ('x'):rep(8388609)", LONG);
  assert_says("return #('x'):rep(8388608)", "8388608");
  assert_says("return ('x'):rep(1 << 62, 'yy')", LONG);
  assert_says("return ('x'):rep(math.maxinteger)", LONG);
  assert_says("return #(''):rep(math.maxinteger)", "0");
  assert_says("return ('x'):rep(3000):gsub('x', ('y'):rep(3000))", LONG);
  assert_says("return table.concat({('x'):rep(8000000), ('x'):rep(400000)})", LONG);
  assert_says("return table.concat({'a', 'b'}, ('x'):rep(8388607))", LONG);
  assert_says("return 1", "1");
}

static void too_many_elements_are_refused(void **state)
{
  (void)state;
  assert_says("return table.move({}, 1, 1e8, 2)", "are more than 10000000");
  assert_says("return table.move({}, math.mininteger, math.maxinteger, 2)",
              "are more than 10000000");
  assert_says("return table.move({}, 1, 5, math.maxinteger - 1)", "wraps around");
  assert_says("return table.unpack({}, 1, 1e6)", "too many to unpack");
  assert_says("return table.concat({}, '', 1, 1 << 60)", "are more than 10000000");
}

static void a_pattern_longer_than_its_cap_is_refused(void **state)
{
  (void)state;
  assert_says("return ('x'):find(('x*'):rep(3000))", "a pattern of 6000 bytes is longer than 4096");
  assert_says("return ('x'):rep(5000):find(('x'):rep(5000))", "1");
  assert_says("return ('x'):rep(4096):match(('x'):rep(4090) .. '(x*)$')", "xxxxxx");
  assert_says("return ('x'):find(('()'):rep(33))", "more than 32 captures");
}

static void sort_is_stable_and_errors_leave_the_table_alone(void **state)
{
  (void)state;
  assert_says(
      "local t = {}\n"
      "for i = 1, 1000 do t[i] = {i % 7, i} end\n"
      "table.sort(t, function(a, b) return a[1] < b[1] end)\n"
      "for i = 2, 1000 do\n"
      "  local a, b = t[i - 1], t[i]\n"
      "  if a[1] > b[1] or (a[1] == b[1] and a[2] > b[2]) then return 'unstable at ' .. i end\n"
      "end\n"
      "return 'stable'",
      "stable");
  assert_says("local t = {3, 2, 1, 'x'} local ok = pcall(table.sort, t) "
              "return tostring(ok) .. table.concat(t)",
              "false321x");
  assert_says("local t = {} for i = 1, 100 do t[i] = i end "
              "table.sort(t, function() return true end) return #t",
              "100");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(well_formed_patterns_match_as_in_stock),
      TEST(malformed_patterns_are_refused_at_least_as_in_stock),
      TEST(plain_find_and_rep_are_as_in_stock),
      TEST(table_functions_are_as_in_stock),
      TEST(a_pattern_that_explodes_is_an_error_not_a_miss),
      TEST(a_linear_pass_over_a_long_text_is_allowed),
      TEST(results_past_a_quarter_of_the_memory_are_refused),
      TEST(too_many_elements_are_refused),
      TEST(a_pattern_longer_than_its_cap_is_refused),
      TEST(sort_is_stable_and_errors_leave_the_table_alone),
  };
  return cmocka_run_group_tests_name("strlib", tests, NULL, NULL);
}
