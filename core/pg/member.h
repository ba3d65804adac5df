/* tidegate.member: which process of a pipeline runs which set of scripts. */
#ifndef TG_PG_MEMBER_H
#define TG_PG_MEMBER_H

#include "core/pg/conn.h"

enum { TG_MEMBERS_MAX = 100, TG_MEMBER_AWAY_S = 20 };

struct tg_member {
  char name[72]; /* host:pid */
  char generation[65];
  int64_t since_us, seen_us; /* wall clock of the server */
  bool self;
};

struct tg_member_key {
  const char *pipeline, *name, *generation;
  int64_t run; /* random, of the process */
};

/* Says what this process runs, and reads what those say that were seen within TG_MEMBER_AWAY_S:
 * itself first, at most TG_MEMBERS_MAX into list. */
enum tg_rc tg_member_say(struct tg_pg *pg, const struct tg_member_key *key, struct tg_member *list,
                         uint32_t *count, int64_t deadline_us, struct tg_err *err);
/* It stops. */
enum tg_rc tg_member_leave(struct tg_pg *pg, const struct tg_member_key *key, int64_t deadline_us,
                           struct tg_err *err);

#endif
