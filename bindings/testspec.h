/* Reads what prelude_tests.lua has prepared into a run: columns, batches, rule, lookups; or the
 * events of a topic. */
#ifndef TG_BINDINGS_TESTSPEC_H
#define TG_BINDINGS_TESTSPEC_H

#include "bindings/testrun.h"
#include "core/base/buf.h"

/* Fills the run from the spec at idx. json: scratch. Runs under protection; raises what is wrong
 * with the spec. [-0, +0] */
void tg_testspec_read(lua_State *L, int idx, struct tg_testrun *t, struct tg_buf *json);

/* The text at idx in the run's arena, NUL-terminated; raises without memory. [-0, +0] */
const char *tg_testspec_keep(lua_State *L, struct tg_testrun *t, int idx);

#endif
