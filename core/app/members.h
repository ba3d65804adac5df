/* The processes of this pipeline, and which set each runs: the keeper says it in tidegate.member
 * (core/pg/member.h) every few seconds and at once after a reload, and reads what the others said.
 * Loads do not depend on it.
 *
 * Thread: the keeper's for turn and leave; any for the rest, a mutex inside. */
#ifndef TG_APP_MEMBERS_H
#define TG_APP_MEMBERS_H

#include "core/app/hub.h"
#include "core/base/buf.h"
#include "core/pg/member.h"

struct tg_members {
  struct tg_hub *hub;
  int64_t due_us; /* monotonic: of the next look */
  char said[65];  /* the set that was named last */
  pthread_mutex_t lock;
  int64_t looked_us; /* monotonic: of the list */
  struct tg_member list[TG_MEMBERS_MAX];
  uint32_t count;
};

void tg_members_init(struct tg_members *m, struct tg_hub *hub);
void tg_members_fini(struct tg_members *m);

void tg_members_turn(struct tg_members *m, struct tg_pg *pg, const char *generation);
void tg_members_leave(struct tg_members *m, struct tg_pg *pg);

/* Appends a JSON list; an empty one while PostgreSQL does not answer. */
void tg_members_write(struct tg_members *m, struct tg_buf *out);
/* True when not all run the same set; text: who runs what. since_us: since when, wall clock. */
bool tg_members_differ(struct tg_members *m, char *text, size_t size, int64_t *since_us);

#endif
