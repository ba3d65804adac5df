/* What a segment sends to Kafka, in the order of its rows: of a row that was loaded or tagged what
 * transform emitted, of a quarantined one a dead letter, where its topic has one. Made when fates
 * are final. And the headers of such a record on its way out. */
#ifndef TG_DATA_RECORDS_H
#define TG_DATA_RECORDS_H

#include "core/data/emitted.h"

struct tg_records {
  const char *pipeline;
  /* Takes a record; its texts are borrowed for the call. Anything but TG_OK ends the visit. */
  enum tg_rc (*put)(void *self, const struct tg_packed *r);
  void *self;
  struct tg_buf headers; /* of a dead letter; the caller inits and frees it */
};

/* True when some row of the batch has, or may have, a record. */
bool tg_records_any(const struct tg_batch *b);

/* TG_RETRY: no memory; else what put said. */
enum tg_rc tg_records_visit(struct tg_records *r, const struct tg_batch *b,
                            const struct tg_segment *s);

struct tg_origin { /* of a record: the partition that it was made from, and by what */
  const char *pipeline, *topic;
  int32_t partition;
  const char *generation;
};

/* Puts p's headers behind tg-id and tg-generation, and a dead letter's place between; out is
 * cleared first. */
void tg_origin_headers(struct tg_buf *out, const struct tg_origin *o, const struct tg_packed *p);

#endif
