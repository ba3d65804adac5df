/* A set of scripts and rules on its way to run: read, loaded, and tested by its own tests. */
#ifndef TG_APP_CANDIDATE_H
#define TG_APP_CANDIDATE_H

#include "core/app/generation.h"

/* Faults of scripts: to the log, and to the text that a waiting caller gets. */
struct tg_faults {
  char *text; /* size bytes, a line each; borrowed */
  size_t size, len;
  uint32_t count;
};
void tg_faults_take(void *self, const struct tg_err *err);

struct tg_candidate {
  const struct tg_config *config;
  const struct tg_generation *running; /* NULL at start */
  const char *to; /* the beginning of an earlier set's name; "": what lies on disk */
  const struct tg_generation *former; /* its files instead; NULL: no */
};

/* *g, *program: owned by the caller when TG_OK. TG_CONFIG: it has faults, which were taken. */
enum tg_rc tg_candidate_build(const struct tg_candidate *c, struct tg_faults *f,
                              struct tg_generation **g, struct tg_program **program);

#endif
