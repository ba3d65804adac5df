/* What became of replayed rows, counted by topic and by why rows were refused again. */
#ifndef TG_APP_REPLAYCOUNT_H
#define TG_APP_REPLAYCOUNT_H

#include "core/data/batch.h"

#include <stdio.h>

struct tg_replay_why; /* rows refused for the same stage, rule and field */

struct tg_replay_count {
  uint64_t rows; /* of all topics */
  bool json, dry_run;
  FILE *to;
  /* of the topic under way */
  uint64_t fates[TG_FATES];
  struct tg_replay_why *whys; /* owned */
  uint32_t whys_count;
};

/* Adds the rows of a batch whose fates are final. False without memory. */
bool tg_replay_count_add(struct tg_replay_count *c, const struct tg_batch *b);

/* Prints the topic's counts, if it had rows, and begins anew. */
void tg_replay_count_end(struct tg_replay_count *c, struct tg_text topic);

#endif
