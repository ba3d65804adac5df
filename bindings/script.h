/* What the loader makes of files, shared by the files of the loader and the evaluator; everybody
 * else uses program.h.
 *
 *   files --prelude_*.lua: check, bind--> tg.topic, tg.field, tg.rule --> struct tg_script, tg_rule
 *
 * The checking itself is written in Lua (bindings/prelude_*.lua, embedded): it reads Lua tables,
 * runs under the deadline and the memory cap like any script, and reports every fault it meets. C
 * keeps what the data path needs.
 *
 * Memory: everything lives in the program's arena; functions and tables are references into its
 * VM's registry. */
#ifndef TG_BINDINGS_SCRIPT_H
#define TG_BINDINGS_SCRIPT_H

#include "bindings/program.h"
#include "bindings/runner.h"
#include "bindings/vm.h"
#include "core/state/cell.h"

#include <lauxlib.h>

/* A level of failing rows: a count, or a share of the rows judged. */
enum tg_level_kind { TG_LEVEL_NONE, TG_LEVEL_COUNT, TG_LEVEL_SHARE };
struct tg_level {
  enum tg_level_kind kind;
  double at; /* rows, or 0..1 */
};

enum tg_nulls { TG_NULLS_SKIP, TG_NULLS_FAIL, TG_NULLS_PASS };

/* A reason is made of these: a text, or the value that the row has in a field. */
struct tg_reason_part {
  struct tg_text text;
  int32_t field; /* index into the topic's fields; -1: text */
};

/* One rule, bound to one topic. */
struct tg_rule {
  const char *id;    /* "between(amount)", unique in its topic */
  const char *place; /* "scripts/orders.lua:21": where the topic applies it */
  int check;         /* reference: check(b, p); LUA_NOREF for a measure */
  int measure;       /* reference: measure(b, p); LUA_NOREF for a check */
  int judge;     /* reference: judging(m, rows, s, t) -> verdict, used, seen (prelude_judge.lua) */
  int params;    /* reference: p */
  int where;     /* reference: where(b), or LUA_NOREF */
  bool on_event; /* judges all rows before transform, those that do not decode too */
  enum tg_nulls nulls;
  enum tg_fate on_fail;
  double mostly;
  struct tg_level warn, critical;
  bool by_value;                     /* levels are compared with what a judge saw, not with rows */
  uint32_t min_rows;                 /* a share is not judged on fewer rows */
  uint32_t min_count;                /* nor a count on fewer than these: what was given, else 0 */
  int64_t bake_us;                   /* Kafka time in shadow when it is new; 0: none */
  uint64_t fingerprint;              /* of its file and its arguments */
  bool shadow;                       /* in shadow for good */
  const atomic_llong *bake_until_us; /* in shadow before that time; NULL: it is not */
  const struct tg_rule *elder;       /* acts while this one bakes (bake.c); NULL: nobody does */
  struct tg_program *elder_program;  /* where that one lives */
  const char *version, *owner;       /* as the rule's author gave them, or NULL */
  const char *read_as;               /* the type that texts of these columns are read as, or NULL */
  uint32_t *read_fields, read_count;
  int32_t field;               /* the tested column, or -1 */
  struct tg_rule_state *state; /* by key (statelib_keyed.h); NULL: none */
  struct tg_reason_part *reason;
  uint32_t reason_count;
  struct tg_cell *cell; /* what a judge keeps between batches; NULL: nothing */
  const char *kept_as;  /* the name it is saved under: the id, and the version behind it */
  int64_t over_us;  /* window of Kafka time of a measure, or of a check's levels; 0: the batch */
  int64_t every_us; /* judged by the clock, too; 0: it is not */
  const struct tg_topic *topic;
};

/* One topic: its declaration, its transform, its rules. */
struct tg_script {
  struct tg_topic topic; /* topic.program points back here */
  const char *path;
  int transform; /* reference */
  bool has_transform;
  struct tg_rule *rules;
  uint32_t rules_count, rules_size, fields_size;
  bool broken; /* its fields are at fault: nothing else of it can be tried */
};

struct tg_warning { /* in the program's arena */
  const char *where, *what;
  struct tg_warning *next;
};

struct tg_program {
  struct tg_vm *vm;
  struct tg_program_conf conf;
  struct tg_arena arena;      /* topics, rules, texts */
  struct tg_arena scratch;    /* temporaries of the running call */
  struct tg_script **scripts; /* in the order of their files */
  const struct tg_topic **topics;
  uint32_t scripts_count, scripts_size;
  int prelude;             /* reference: the table `tg` of the loader */
  struct tg_fileset files; /* copies in the arena: to build the VM again */
  bool loading;            /* a lost VM is a fault of the files, not to be built again */
  bool testing;            /* the runner holds references into this VM */
  tg_test_keep *keep;      /* writes golden files (runner.h); NULL: nobody does */
  void *keep_self;
  tg_program_fault *fault;
  void *fault_self;
  uint32_t faults;
  struct tg_warning *warnings, **warnings_end;
  uint32_t warnings_count;
};

enum { TG_SCRIPTS_MAX = 10000, TG_RULES_MAX = 10000, TG_WARNINGS_MAX = 1000 };

/* Runs body under protection and the deadline: its first upvalue is the program, its argument the
 * light userdata. */
enum tg_rc tg_loader_run(struct tg_program *p, lua_CFunction body, void *argument,
                         struct tg_err *err);

/* Pushes the prelude's function tg.<part>.<name>. Runs protected. [-0, +1] */
void tg_loader_push(lua_State *L, const char *part, const char *name);

/* Lets the chunk on top see the scripts' API: its environment reads through to it. [-0, +0] */
void tg_loader_give_api(lua_State *L);

/* Loads the prelude and leaves its table referenced in p->prelude. */
enum tg_rc tg_prelude_open(struct tg_program *p, struct tg_err *err);

/* Compiles one file, runs it with the API as its environment and hands what it returns to the
 * prelude. Every fault is reported. TG_FATAL: the VM is lost. */
enum tg_rc tg_loader_file(struct tg_program *p, const struct tg_source_file *file,
                          struct tg_err *err);
/* Compiles and runs a file; false with err when it does not compile. Raises what the file raises.
 * [-0, +1] on true */
bool tg_loader_chunk(lua_State *L, const struct tg_source_file *file, struct tg_err *err);

/* Adds `require` for the program's modules to the table on top (require.c). [-0, +0] */
void tg_require_open(lua_State *L);

/* Calls tg.<part>.<name>() of the prelude without arguments. */
enum tg_rc tg_loader_call(struct tg_program *p, const char *part, const char *name,
                          struct tg_err *err);

/* Adds tg.topic, tg.field, tg.topic_end (topicload.c) and tg.rule (ruleload.c) to the table on
 * top. [-0, +0] */
void tg_topicload_open(lua_State *L);
void tg_ruleload_open(lua_State *L);
/* The same for tg.zone_fault (zonelib.c). */
void tg_zonelib_open(lua_State *L);
/* The program of a loader function, from its first upvalue. */
struct tg_program *tg_loader_program(lua_State *L);

/* Fills rule from the bound rule at idx (a table of prelude_rules.lua); references are taken,
 * texts copied into the program's arena. Raises when memory is out. [-0, +0] */
void tg_ruleload_fill(lua_State *L, int idx, const struct tg_topic *topic, struct tg_rule *rule);
/* A rule that holds no reference. */
#define TG_RULE_NONE                                                                               \
  ((struct tg_rule){.check = LUA_NOREF,                                                            \
                    .measure = LUA_NOREF,                                                          \
                    .judge = LUA_NOREF,                                                            \
                    .params = LUA_NOREF,                                                           \
                    .where = LUA_NOREF})
/* Moves the references of `from`, of another VM, into rule. */
void tg_ruleload_move(struct tg_rule *rule, const struct tg_rule *from);
/* Gives the references back. */
void tg_ruleload_drop(lua_State *L, struct tg_rule *rule);

/* A text of Lua's in the program's arena, NUL-terminated; raises without memory. */
struct tg_text tg_loader_text(lua_State *L, int idx);

/* Runs a script's function as tg_loader_run() does, but when the VM is lost (out of memory) builds
 * a new one of the same files in its place and returns TG_DATA: that call failed, the program
 * lives.
 * TG_FATAL: it cannot be built again, or must not be (loading, testing). */
enum tg_rc tg_program_call(struct tg_program *p, lua_CFunction body, void *argument,
                           struct tg_err *err);

/* Reports a fault to the program's receiver. */
void tg_loader_fault(struct tg_program *p, const struct tg_err *err);

#endif
