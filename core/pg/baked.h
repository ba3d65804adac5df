/* tidegate.bake: the time before which a version of a rule judges in shadow. Decided once, in one
 * statement: who dies before it has decided nothing, who comes after it, or at the same moment,
 * gets the same answer. */
#ifndef TG_PG_BAKED_H
#define TG_PG_BAKED_H

#include "core/pg/conn.h"

struct tg_baked {
  const char *pipeline, *topic, *rule; /* topic: the script's name */
  uint64_t fingerprint;                /* of the version */
  int64_t bake_us;
  const struct tg_text *kafka; /* the Kafka topics it reads */
  uint32_t kafka_count;
  int64_t until_us; /* out: microseconds since 1970; INT64_MIN: it acts at once */
  char elder[65];   /* out: the generation whose version acts until then; empty: none */
};

enum tg_rc tg_baked_read(struct tg_pg *pg, struct tg_baked *b, int64_t deadline_us,
                         struct tg_err *err);

#endif
