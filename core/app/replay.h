/* Replaying the quarantine: rows are decoded from their raw bytes by the scripts and rules on disk,
 * judged, and loaded where they pass; piece by piece, each in one transaction (core/pg/replay.h).
 *
 * What a row is judged by:
 *   checks            as in the stream; one that reaches `critical` keeps its rows out whatever its
 *                     on_fail says: what was refused once is no fair sample to count levels over
 *   rules that raise  keep all rows of the piece out
 *   measures          not at all, nor windows: they tell of a stream
 *   state by key      that of the partition's last load, and of what this replay has judged before;
 *                     nothing of it is saved
 *   bake              not heeded: a rule that is new acts
 * Records for Kafka are not made (without_outputs), dead letters neither. */
#ifndef TG_APP_REPLAY_H
#define TG_APP_REPLAY_H

#include "core/app/config.h"
#include "core/app/replaycount.h"
#include "core/pg/quarantine.h"

enum { TG_REPLAY_ATTEMPTS_MAX = 10 }; /* more only for rows that are named by their ids */

struct tg_replay_conf {
  struct tg_quarantine_filter filter; /* its status is not looked at; limit: of all */
  const char *user;                   /* for the journal */
  bool dry_run;                       /* judges, writes nothing */
  bool
      without_outputs; /* topics that emit records for Kafka: replayed without them, else refused */
};

/* Replays what matches, topic by topic; count is told what became of the rows. What was committed
 * before an error stays. */
enum tg_rc tg_replay_run(const struct tg_config *config, struct tg_pg *pg,
                         const struct tg_replay_conf *conf, struct tg_replay_count *count,
                         struct tg_err *err);

#endif
