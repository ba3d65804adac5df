/* Batch and column objects: what scripts see, the traps of Lua's own operators, lifetime, phases,
 * assignment and its fault rule. */
#include "bindings/batchobj.h"
#include "bindings/vm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <lauxlib.h>

enum { ROWS = 4, FIELDS = 7 };
enum { F_ID, F_AMOUNT, F_KIND, F_TS, F_FLAG, F_RATIO, F_DOC };

static struct tg_vm *vm;
static struct tg_err err;
static struct tg_arena arena, scratch;
static struct tg_batch batch;
static struct tg_topic topic;
static struct tg_field fields[FIELDS];

static int open_api(lua_State *L)
{
  lua_pushglobaltable(L);
  tg_batchobj_open(L);
  return 0;
}

static void field(uint32_t i, const char *name, const char *type, bool not_null)
{
  fields[i] = (struct tg_field){.name = tg_text(name), .not_null = not_null};
  assert_int_equal(tg_type_parse(tg_text(type), &fields[i].type, &err), TG_OK);
  batch.columns[i] = tg_column_new(&arena, fields[i].type, batch.rows, i != F_ID);
}

static void fill(void)
{
  static const char *const kinds[] = {"sale", "refund", " Sale ", NULL};
  for (uint32_t i = 0; i < batch.rows; i++) {
    batch.events[i] =
        (struct tg_event){.offset = 100 + i, .partition = 3, .size = 9, .kafka_us = 5000000};
    batch.columns[F_ID]->v.ints[i] = i + 1;
    batch.columns[F_AMOUNT]->v.ints[i] = 1050 * (int64_t)i;
    batch.columns[F_KIND]->v.texts[i] = tg_text(kinds[i]);
    batch.columns[F_KIND]->nul[i] = !kinds[i];
    batch.columns[F_TS]->v.ints[i] = 1000000 * (int64_t)i;
    batch.columns[F_FLAG]->v.mask[i] = (uint8_t)(i % 3);
    batch.columns[F_RATIO]->v.floats[i] = 0.5 * i;
  }
}

static int setup(void **state)
{
  (void)state;
  struct tg_vm_conf conf = {.memory_max = 8 << 20, .deadline_us = 5000000};
  if (tg_vm_new(&conf, &vm, &err) != TG_OK) return -1;
  lua_pushcfunction(tg_vm_lua(vm), open_api);
  if (tg_vm_call(vm, 0, 0, &err) != TG_OK) return -1;
  tg_arena_init(&arena, 1 << 16, 0);
  tg_arena_init(&scratch, 1 << 16, 0);
  tg_vm_set_scratch(vm, &scratch);
  topic = (struct tg_topic){.name = tg_text("orders"), .fields = fields, .fields_count = FIELDS};
  if (tg_batch_init(&batch, &topic, &arena, ROWS) != TG_OK) return -1;
  for (uint32_t i = 0; i < ROWS; i++) {
    struct tg_event event = {
        .offset = 100 + i, .partition = 3, .size = 9, .kafka_us = 5000000, .value = tg_text("{}")};
    if (tg_batch_add(&batch, &event) != TG_OK) return -1;
  }
  if (tg_batch_seal(&batch) != TG_OK) return -1;
  batch.columns = tg_arena_zalloc(&arena, FIELDS, sizeof *batch.columns);
  field(F_ID, "id", "bigint", true);
  field(F_AMOUNT, "amount", "numeric(12,2)", false);
  field(F_KIND, "kind", "text", false);
  field(F_TS, "ts", "timestamptz", false);
  field(F_FLAG, "flag", "boolean", false);
  field(F_RATIO, "ratio", "float8", false);
  field(F_DOC, "doc", "jsonb", false);
  fill();
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  tg_vm_free(vm);
  tg_arena_fini(&arena);
  tg_arena_fini(&scratch);
  return 0;
}

/* Runs `return function(b) <body> end` on the batch. The result stays on the stack when TG_OK. */
static enum tg_rc call(const char *body, enum tg_phase phase)
{
  char text[2048];
  snprintf(text, sizeof text, "local b = ... %s", body);
  enum tg_rc rc = tg_vm_load(vm, "scripts/t.lua", tg_text(text), &err);
  if (rc != TG_OK) return rc;
  tg_batchobj_push(tg_vm_lua(vm), &batch, phase);
  return tg_vm_call(vm, 1, 1, &err);
}

/* The result of body as "1 2 null", "TFN", or a Lua value. Leaves nothing on the stack. */
static const char *result(const char *body, enum tg_phase phase)
{
  static char out[1024];
  lua_State *L = tg_vm_lua(vm);
  if (call(body, phase) != TG_OK) {
    snprintf(out, sizeof out, "raised: %s: %s", err.where, err.what);
    tg_batchobj_close(L, NULL);
    return out;
  }
  struct tg_column *c = tg_column_test(L, -1);
  size_t len = 0;
  out[0] = '\0';
  for (uint32_t i = 0; c && i < c->rows; i++) {
    char value[128];
    enum tg_nul nul = tg_column_nul(c, i);
    const char *shown =
        nul > TG_NULL ? tg_nul_text(nul) : tg_column_show(c, i, value, sizeof value);
    len += (size_t)snprintf(out + len, sizeof out - len, "%s%s", i ? " " : "", shown);
  }
  if (!c) snprintf(out, sizeof out, "%s", luaL_tolstring(L, -1, NULL));
  lua_settop(L, 0);
  tg_batchobj_close(L, NULL);
  return out;
}

static void gives(const char *body, const char *expected)
{
  const char *got = result(body, TG_PHASE_TRANSFORM);
  if (strcmp(got, expected) != 0) fail_msg("%s\n  expected %s\n  got      %s", body, expected, got);
}

static void raises(const char *body, const char *expected)
{
  const char *got = result(body, TG_PHASE_TRANSFORM);
  if (strncmp(got, "raised: scripts/t.lua:1: ", 25) != 0 || !strstr(got, expected))
    fail_msg("%s\n  expected to raise %s\n  got %s", body, expected, got);
}

static void a_batch_shows_its_columns(void **state)
{
  (void)state;
  gives("return b.id", "1 2 3 4");
  gives("return b.amount", "0.00 10.50 21.00 31.50");
  gives("return b.rows", "4");
  gives("return b.topic", "orders");
  gives("return b:kafka_offset()", "100 101 102 103");
  gives("return b:kafka_partition()", "3 3 3 3");
  gives("return b:event_bytes()", "9 9 9 9");
}

static void an_unknown_name_is_explained(void **state)
{
  (void)state;
  raises("return b.amuont", "orders has no field 'amuont'; did you mean 'amount'?");
  raises("return b.nothing_like_it", "orders has no field 'nothing_like_it'");
  raises("return b.id:betwen(1)", "columns have no method 'betwen'; did you mean 'between'?");
  raises("return b.id[1]", "use b:map_rows()");
}

static void summaries_tell_figures(void **state)
{
  (void)state;
  gives("return b.id:moments().mean", "2.5");
  gives("return b.id:moments().count", "4");
  gives("return b.amount:sum().value", "63.0");
  gives("return b.id:sum().value", "10");
  gives("return b.kind:min().value", " Sale ");
  gives("return b.ts:max().value", "1970-01-01T00:00:03Z");
  gives("return b.ts:max():between('1970-01-01', '1970-01-01T01:00:03+01:00')", "true");
  gives("return b.kind:distinct().distinct", "3");
  gives("return b.ratio:quantiles().median", "0.75");
  gives("return b.ratio:quantiles():nearest(0.5)", "1.0");
  gives("return b.ratio:quantiles():q(1)", "1.5");
  gives("local m = b.flag:counts() return m:of(false) .. m:of(true) .. m:of('x')", "210");
  gives("local l = b.kind:counts():list(1) return #l .. l[1][1] .. l[1][2]", "1 Sale 1");
  gives("return b.id:comoments(b.ratio).correlation", "1.0");
  gives("local m = b:count(b.id:ge(2)) return m.value .. '/' .. m.rows", "3/4");
}

static void counts_find_values_of_any_type(void **state)
{
  (void)state;
  gives("return b.amount:counts():of(10.5)", "1");
  gives("return b.amount:counts():of(21)", "1");
  gives("return b.ratio:counts():of(0.5)", "1");
  gives("return b.ratio:counts():of(1)", "1");
  gives("return b.ts:counts():of('1970-01-01T01:00:01+01:00')", "1");
  gives("return b.ts:counts():of('never')", "0");
  gives("return b.id:counts():of(null)", "0");
}

static void dead_rows_are_not_summarised(void **state)
{
  (void)state;
  batch.fates[3] = TG_DROP;
  gives("return b.id:sum().value", "6");
  gives("return b:count().rows", "3");
  batch.fates[3] = TG_LOAD;
}

static void summaries_explain_misuse(void **state)
{
  (void)state;
  raises("return b.kind:moments()", "moments: numbers are needed, this is text");
  raises("return b.id:sum().median", "sum has no 'median'");
  raises("return b.id:sum():q(0.5)", "sum has no method 'q'");
  raises("return b.id:quantiles():q(2)", "a share from 0 to 1");
  raises("return b.id:counts(0)", "1 to 131072 different values can be kept");
  raises("b.id:sum().value = 1", "a summary cannot be changed");
  raises("return b.id:max():between('x')", "cannot be compared");
  gives("return tostring(b.id:sum())", "summary sum");
}

static void comparisons_and_masks_work_on_columns(void **state)
{
  (void)state;
  gives("return b.id:between(2, 3)", "false true true false");
  gives("return b.amount:gt(10.5) & b.kind:not_null()", "false false true false");
  gives("return b.kind:eq('sale') | b.kind:is_null()", "true false false true");
  gives("return ~b.kind:eq('sale')", "false true true null");
  gives("return b.kind:is_in({'sale', 'refund', 5, null})", "true true false null");
  gives("return b.id:is_in({1, 4.0, '2'})", "true false false true");
  gives("return b.kind:trim():lower():eq('sale')", "true false true null");
  gives("return b.flag", "false null true false");
  gives("return b.flag:count()", "1");
  gives("return b.kind:matches('^s', 'i'):count()", "1");
  gives("return b.ts:ge('1970-01-01T00:00:02Z')", "false false true true");
}

static void arithmetic_is_exact(void **state)
{
  (void)state;
  gives("return b.amount + 0.1", "0.10 10.60 21.10 31.60");
  gives("return b.amount * 0.1", "0.000 1.050 2.100 3.150");
  gives("return (b.amount * 0.115):round(2)", "0.00 1.21 2.42 3.62");
  gives("return 10 - b.id", "9 8 7 6");
  gives("return b.id // 2", "0 1 1 2");
  gives("return -b.id % 3", "2 1 0 2");
  gives("return b.id / (b.id - 1)", "division by zero 2.000000 1.500000 1.333333");
  gives("return b.id * 9223372036854775807",
        "9223372036854775807 out of range out of range out of range");
}

static void text_and_choice_work_on_columns(void **state)
{
  (void)state;
  gives("return b.kind:len()", "4 6 6 null");
  gives("return b.kind:upper():default('NONE')", "SALE REFUND  SALE  NONE");
  gives("return 'k:' .. b.kind", "k:sale k:refund k: Sale  null");
  gives("return when(b.id:gt(2), b.id, 0)", "0 0 3 4");
  gives("return b.id:where(b.id:gt(2))", "null null 3 4");
  gives("return least(b.id, 2)", "1 2 2 2");
  gives("return greatest(b.id, 2, b.id + 1)", "2 3 4 5");
  gives("return b.kind:split('f', 2):default('-')", "- und - -");
}

static void json_and_arrays_are_reached(void **state)
{
  (void)state;
  batch.columns[F_DOC]->v.texts[0] = tg_arena_copy(&arena, tg_text("{\"a\":[1,2]}"));
  batch.columns[F_DOC]->nul[1] = batch.columns[F_DOC]->nul[2] = batch.columns[F_DOC]->nul[3] =
      TG_NULL;
  gives("return b.doc:json('a.2', 'integer')", "2 null null null");
  gives("return b.doc:json('a')", "[1,2] null null null");
  raises("return b.doc:json('a', 'intt')", "json: ");
  raises("return b.kind:at(1)", "at needs an array, this is text");
  gives("return b.doc:eq('x')", "the value has another type null null null");
}

static void texts_parse_and_show(void **state)
{
  (void)state;
  gives("return b.id:to_text():parse('numeric(6,2)')", "1.00 2.00 3.00 4.00");
  gives("return b.kind:parses('integer')", "false false false null");
  gives("return b.ratio:cast('numeric(6,1)')", "0.0 0.5 1.0 1.5");
  gives("return b.ts:trunc('minute'):to_text('%H:%M')", "00:00 00:00 00:00 00:00");
  gives("return (b:kafka_timestamp() - b.ts):gt('3s')", "true true false false");
  gives("return b.ts:age():le('PT3S')", "false false true true");
  raises("return b.kind:matches('a(')", "matches: pattern 'a('");
  raises("return b.kind:parse('nope')", "neither a type nor a pattern");
}

static void traps_of_lua_are_closed(void **state)
{
  (void)state;
  raises("return b.id < 5", "use :lt()");
  raises("return b.id >= 5", "use :le() or :ge()");
  raises("return b.id == b.amount", "use :eq()");
  raises("return #b.id", "use :len()");
  raises("b.id.x = 5", "not changed in place");
  raises("return when(true, 1, 2)", "a boolean column is due here, not a Lua boolean");
  raises("return b.flag & true", "a boolean column is due here, not a Lua boolean");
  raises("return when(b.id, 1, 2)", "a boolean column is due here, this is bigint");
  raises("return b.id:eq(nil)", "write null");
  raises("return #b", "a batch is no list");
  raises("return b.id .. b.kind", ".. needs text");
}

static void a_mask_never_used_is_found_with_its_line(void **state)
{
  (void)state;
  const char *line;
  assert_int_equal(
      call("\nlocal x = b.id:gt(1) and\n b.id:gt(2)\nlocal y = b.flag\nreturn x", TG_PHASE_RULE),
      TG_OK);
  tg_mask_check(tg_vm_lua(vm), -1);
  assert_int_equal(tg_batchobj_close(tg_vm_lua(vm), &line), 2);
  assert_string_equal(line, "scripts/t.lua:2");
  lua_settop(tg_vm_lua(vm), 0);
  assert_int_equal(call("return b.id:gt(1) & b.id:lt(3)", TG_PHASE_RULE), TG_OK);
  tg_mask_check(tg_vm_lua(vm), -1);
  assert_int_equal(tg_batchobj_close(tg_vm_lua(vm), &line), 0);
  lua_settop(tg_vm_lua(vm), 0);
}

static void unused_masks_are_capped(void **state)
{
  (void)state;
  raises("for i = 1, 2000 do local m = b.id:gt(i) end",
         "1024 boolean columns were made and never used");
  gives("local n = 0 for i = 1, 2000 do n = n + b.id:gt(i):count() end return n", "6");
}

static void objects_die_with_their_batch(void **state)
{
  (void)state;
  lua_State *L = tg_vm_lua(vm);
  assert_int_equal(call("return { b, b.id }", TG_PHASE_RULE), TG_OK);
  tg_batchobj_close(L, NULL);
  const char *uses[] = {"return (...)[1].id", "return (...)[2]:gt(1)", "return (...)[2] + 1"};
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
    assert_int_equal(tg_vm_load(vm, "scripts/u.lua", tg_text(uses[i]), &err), TG_OK);
    lua_pushvalue(L, 1);
    assert_int_equal(tg_vm_call(vm, 1, 1, &err), TG_DATA);
    assert_non_null(strstr(err.what, "batch used after it was handed over"));
    tg_batchobj_push(L, &batch, TG_PHASE_RULE); /* a later batch does not revive them */
    lua_pop(L, 1);
  }
}

static void rules_cannot_change_anything(void **state)
{
  (void)state;
  const char *const bodies[] = {"b.id = 5", "b:drop(b.id:gt(1), 'x')", "b:tag(b.id:gt(1), 'x')"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
    assert_non_null(strstr(result(bodies[i], TG_PHASE_RULE), "is not available in rules"));
  assert_int_equal(batch.fates[3], TG_LOAD);
}

static void assignment_checks_and_converts(void **state)
{
  (void)state;
  gives("b.amount = b.id return b.amount", "1.00 2.00 3.00 4.00");
  gives("b.amount = 0.125 return b.amount", "0.13 0.13 0.13 0.13");
  gives("b.kind = 'x' return b.kind", "x x x x");
  gives("b.ts = '2026-01-01T00:00:00Z' return b.ts:to_text('%Y')", "2026 2026 2026 2026");
  gives("b.amount = null return b.amount", "null null null null");
  raises("b.id = b.ratio", "write :cast(");
  raises("b.id = 'x'", "text does not go into bigint");
  raises("b.doc = 'x'", "text does not go into jsonb");
  raises("b.nope = 1", "orders has no field 'nope'");
  raises("b.flag = 1", "bigint does not go into boolean");
}

static void assigned_columns_outlive_the_scratch_arena(void **state)
{
  (void)state;
  gives("b.kind = b.kind:upper() .. '!' b.amount = b.amount * 2", "nil");
  tg_arena_fini(&scratch);
  gives("return b.kind", "SALE! REFUND!  SALE ! null");
  gives("return b.amount", "0.00 21.00 42.00 63.00");
}

static void a_fault_assigned_quarantines_its_row(void **state)
{
  (void)state;
  gives("b.amount = b.amount / (b.id - 2)", "nil");
  assert_int_equal(batch.fates[0], TG_LOAD);
  assert_int_equal(batch.fates[1], TG_QUARANTINE);
  const struct tg_issue *issue = batch.issues[1];
  assert_int_equal(issue->stage, TG_STAGE_TRANSFORM);
  assert_true(tg_text_is(issue->field, "amount"));
  assert_true(tg_text_is(issue->reason, "amount: division by zero"));
}

static void default_takes_the_fault(void **state)
{
  (void)state;
  gives("b.amount = (b.amount / (b.id - 2)):default(0) return b.amount", "0.00 0.00 21.00 15.75");
  assert_int_equal(batch.fates[1], TG_LOAD);
}

static void null_in_a_not_null_field_quarantines(void **state)
{
  (void)state;
  gives("b.id = b.id:where(b.id:lt(3))", "nil");
  assert_int_equal(batch.fates[1], TG_LOAD);
  assert_int_equal(batch.fates[2], TG_QUARANTINE);
  assert_true(tg_text_is(batch.issues[2]->reason, "id: null in a NOT NULL field"));
}

static void fates_are_given_by_mask(void **state)
{
  (void)state;
  gives("b:tag(b.id:le(2), 'low') b:drop(b.id:eq(2), 'two') b:quarantine(b.id:eq(3), 'three')",
        "nil");
  assert_int_equal(batch.fates[0], TG_TAG);
  assert_int_equal(batch.fates[1], TG_DROP);
  assert_int_equal(batch.fates[2], TG_QUARANTINE);
  assert_int_equal(batch.fates[3], TG_LOAD);
  gives("b:drop(b.id:le(3), 'all')", "nil");
  assert_int_equal(batch.fates[2], TG_QUARANTINE);
}

static void a_fault_in_a_condition_quarantines(void **state)
{
  (void)state;
  gives("b:drop((b.id / (b.id - 1)):gt(1.9), 'big')", "nil");
  assert_int_equal(batch.fates[0], TG_QUARANTINE);
  assert_true(tg_text_is(batch.issues[0]->reason, "the condition of drop: division by zero"));
  assert_int_equal(batch.fates[1], TG_DROP);
  assert_int_equal(batch.fates[2], TG_LOAD);
}

static void map_rows_calls_a_function_by_row(void **state)
{
  (void)state;
  gives("return b:map_rows({'id', 'kind'}, function(r) if r.kind then return r.id > 1 end end)",
        "false true true null");
  raises("return b:map_rows({'id'}, function(r) return r.id end)", "returned a number");
  raises("return b:map_rows({'ids'}, function(r) end)", "did you mean 'id'");
  raises("return b:map_rows({'id'}, function(r) return r.nope.x end)",
         "attempt to index a nil value");
}

static void an_empty_batch_works_too(void **state)
{
  (void)state;
  batch.rows = 0;
  for (uint32_t i = 0; i < FIELDS; i++)
    batch.columns[i] = tg_column_new(&arena, fields[i].type, 0, false);
  gives("return b.amount:gt(1):count()", "0");
  gives("b.kind = b.kind:upper():trim() .. 'x' b.amount = b.amount * 2 / 3 return b.rows", "0");
  gives("return b.kind:matches('x'):all()", "true");
}

/* Recursion makes the stack large, a collection makes it small again, mostly inside a `..`. */
static void joining_bears_a_collection_that_moves_the_stack(void **state)
{
  (void)state;
  gives("local function deep(n) return n > 0 and 1 + deep(n - 1) or 0 end\n"
        "local k\n"
        "for i = 1, 200 do\n"
        "  deep(20 * i)\n"
        "  for j = 1, 300 do k = 'a' .. b.kind .. ':' .. b.kind .. '/' .. b.kind end\n"
        "end\n"
        "return k:eq('asale:sale/sale'):count()",
        "1");
}

static void a_full_batch_is_told_apart(void **state)
{
  (void)state;
  arena.bytes_max = arena.bytes_held;
  tg_arena_bytes(&arena, arena.now ? 60000 : 0);
  const char *got = result("for i = 1, 10000 do b.amount = b.amount + 1 end", TG_PHASE_TRANSFORM);
  assert_non_null(strstr(got, "no memory left"));
  assert_true(tg_batchobj_full(tg_vm_lua(vm)));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(a_batch_shows_its_columns),
      T(an_unknown_name_is_explained),
      T(comparisons_and_masks_work_on_columns),
      T(summaries_tell_figures),
      T(counts_find_values_of_any_type),
      T(dead_rows_are_not_summarised),
      T(summaries_explain_misuse),
      T(arithmetic_is_exact),
      T(text_and_choice_work_on_columns),
      T(json_and_arrays_are_reached),
      T(texts_parse_and_show),
      T(traps_of_lua_are_closed),
      T(a_mask_never_used_is_found_with_its_line),
      T(unused_masks_are_capped),
      T(objects_die_with_their_batch),
      T(rules_cannot_change_anything),
      T(assignment_checks_and_converts),
      T(assigned_columns_outlive_the_scratch_arena),
      T(a_fault_assigned_quarantines_its_row),
      T(default_takes_the_fault),
      T(null_in_a_not_null_field_quarantines),
      T(fates_are_given_by_mask),
      T(a_fault_in_a_condition_quarantines),
      T(map_rows_calls_a_function_by_row),
      T(an_empty_batch_works_too),
      T(joining_bears_a_collection_that_moves_the_stack),
      T(a_full_batch_is_told_apart),
  };
#undef T
  return cmocka_run_group_tests(tests, NULL, NULL);
}
