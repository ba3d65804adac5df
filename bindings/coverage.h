/* Which lines of scripts ran. A chunk's executable lines come from its code (protolines.h), what
 * ran from a line hook. A line counts as run when every function that has code on it ran there: in
 * `check = function(b) return b.x:gt(1) end` neither the table nor the function alone is enough.
 * Functions that begin and end on the same lines as each other cannot be told apart.
 *
 * One object serves a program from its building on (tg_program_conf); loading counts, the trial on
 * no rows that follows it does not. Memory: its own, a few bytes a line. Thread: the program's. */
#ifndef TG_BINDINGS_COVERAGE_H
#define TG_BINDINGS_COVERAGE_H

#include "bindings/program.h"

#include <lua.h>

struct tg_coverage;

struct tg_coverage *tg_coverage_new(void); /* NULL without memory */
void tg_coverage_free(struct tg_coverage *c);

/* The chunk on top of the stack is that of `file`; raises when its lines cannot be told. [-0, +0]
 */
void tg_coverage_chunk(lua_State *L, struct tg_coverage *c, const struct tg_source_file *file);

/* The line hook; its self (tg_vm_line_hook) is the coverage. */
void tg_coverage_hook(lua_State *L, lua_Debug *ar);

/* A test of the file `path` ran. */
void tg_coverage_tested(struct tg_coverage *c, const char *path);

struct tg_covered_file {
  const char *path; /* lives in the coverage */
  enum tg_file_kind kind;
  bool tested;
  uint32_t lines, run; /* executable ones, and those of them that ran */
};
struct tg_covered_line {
  uint32_t line;
  uint64_t hits; /* of the function on it that ran least */
};

uint32_t tg_coverage_count(const struct tg_coverage *c);
/* File number i, in the order of loading. */
struct tg_covered_file tg_coverage_file(const struct tg_coverage *c, uint32_t i);
/* Its next executable line from *at (0 at first) on; false: there are no more. */
bool tg_coverage_line(const struct tg_coverage *c, uint32_t i, uint32_t *at,
                      struct tg_covered_line *out);

#endif
