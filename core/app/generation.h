/* A generation: one consistent set of scripts and rules, read once (from disk, or from what
 * tidegate.generation keeps of an earlier one: recall.c), kept as long as a
 * lane runs it or a load of it is in flight. Programs (one per lane) are built from it. Counted
 * references; thread: any. */
#ifndef TG_APP_GENERATION_H
#define TG_APP_GENERATION_H

#include "core/app/bakes.h"
#include "core/app/fileset.h"
#include "core/app/lookups.h"

#include <stdatomic.h>

struct tg_reads { /* a script's topic and one Kafka topic it reads */
  const char *topic, *kafka;
};

struct tg_generation {
  struct tg_arena arena;
  struct tg_fileset files;
  const struct tg_config *config; /* borrowed */
  struct tg_lookups *lookups;     /* read from tables; NULL until tg_generation_shared() */
  struct tg_bakes *bakes;         /* since when new rules act; NULL until then, too */
  struct tg_reads *reads;         /* none until then; in the arena */
  uint32_t reads_count;
  atomic_uint references;
};

/* Without files; NULL: no memory. One reference is the caller's. */
struct tg_generation *tg_generation_new(const struct tg_config *config);
/* Reads the folders. One reference is the caller's. */
enum tg_rc tg_generation_read(const struct tg_config *config, tg_config_fault *fault, void *self,
                              struct tg_generation **out);
/* A set of before, from the files that tidegate.generation keeps of every set that was taken over.
 * begin: of its name, as long as only one begins so. now: the running set. Blocks at most
 * TG_RECALL_US. TG_CONFIG, told: there is none, or several; its files do not add up to its name.
 * TG_RETRY, told: PostgreSQL, memory. */
enum { TG_RECALL_US = 15000000 };
enum tg_rc tg_generation_recall(const struct tg_generation *now, const char *begin,
                                tg_config_fault *fault, void *self, struct tg_generation **out);
/* True when the folders hold the very files of g. */
bool tg_generation_on_disk(const struct tg_generation *g);
/* The same files once more, and nothing else of it. NULL without memory. */
struct tg_generation *tg_generation_copy(const struct tg_generation *g);
struct tg_generation *tg_generation_ref(struct tg_generation *g);
void tg_generation_drop(struct tg_generation *g); /* NULL is fine */

/* Builds a program of it; every fault is reported. coverage: of tidegate test, or NULL. */
enum tg_rc tg_generation_covered(struct tg_generation *g, struct tg_coverage *coverage,
                                 tg_config_fault *fault, void *self, struct tg_program **out);
/* The same without coverage. */
enum tg_rc tg_generation_program(struct tg_generation *g, tg_config_fault *fault, void *self,
                                 struct tg_program **out);

/* A program of an older set with its settings. */
enum tg_rc tg_generation_elder(const struct tg_generation *g, const struct tg_fileset *files,
                               tg_config_fault *fault, void *self, struct tg_program **out);

/* Makes room for what its programs share: lookups that topics read from tables, since when rules
 * with `bake` act, and which Kafka topics are read. Once, before other threads know the generation.
 * TG_FATAL without memory. */
enum tg_rc tg_generation_shared(struct tg_generation *g, const struct tg_program *p,
                                struct tg_err *err);

/* TG_CONFIG, with the fault told: a set without any topic, which a process cannot run. It may be
 * an empty mount. */
enum tg_rc tg_generation_has_topics(const struct tg_generation *g, const struct tg_program *p,
                                    tg_config_fault *fault, void *self);

#endif
