/* Members of a pipeline. */
#include "core/app/members.h"

#include "core/base/clock.h"
#include "core/base/log.h"

#include <stdio.h>
#include <string.h>

enum { TURN_US = 5000000, CALL_US = 15000000, LEAVE_US = 2000000, NAMED = 3 };

void tg_members_init(struct tg_members *m, struct tg_hub *hub)
{
  m->hub = hub;
  pthread_mutex_init(&m->lock, NULL);
}

void tg_members_fini(struct tg_members *m)
{
  pthread_mutex_destroy(&m->lock);
}

static struct tg_member_key key_of(const struct tg_members *m)
{
  return (struct tg_member_key){.pipeline = m->hub->config->pipeline,
                                .name = m->hub->name,
                                .generation = m->said,
                                .run = m->hub->run};
}

void tg_members_turn(struct tg_members *m, struct tg_pg *pg, const char *generation)
{
  struct tg_member list[TG_MEMBERS_MAX];
  uint32_t count;
  struct tg_err err;
  int64_t now = tg_clock_mono_us();
  if (now < m->due_us && strcmp(m->said, generation) == 0) return;
  snprintf(m->said, sizeof m->said, "%s", generation);
  m->due_us = now + TURN_US;
  struct tg_member_key key = key_of(m);
  if (tg_member_say(pg, &key, list, &count, now + CALL_US, &err) != TG_OK) {
    tg_log_err(TG_WARN, "members", &err);
    return;
  }
  pthread_mutex_lock(&m->lock);
  memcpy(m->list, list, count * sizeof *list);
  m->count = count;
  m->looked_us = now;
  pthread_mutex_unlock(&m->lock);
}

void tg_members_leave(struct tg_members *m, struct tg_pg *pg)
{
  struct tg_err err;
  struct tg_member_key key = key_of(m);
  if (!*m->said) return;
  if (tg_member_leave(pg, &key, tg_clock_mono_us() + LEAVE_US, &err) != TG_OK)
    tg_log_err(TG_WARN, "members", &err);
}

/* What was read long ago says nothing. Lock held. */
static uint32_t known(const struct tg_members *m)
{
  return tg_clock_mono_us() - m->looked_us < TG_MEMBER_AWAY_S * TG_SEC ? m->count : 0;
}

void tg_members_write(struct tg_members *m, struct tg_buf *out)
{
  char since[32];
  tg_buf_char(out, '[');
  pthread_mutex_lock(&m->lock);
  for (uint32_t i = 0, n = known(m); i < n; i++) {
    const struct tg_member *one = &m->list[i];
    tg_buf_str(out, i ? ",{\"name\":" : "{\"name\":");
    tg_buf_json(out, tg_text(one->name));
    tg_buf_printf(out, ",\"generation\":\"%s\",\"since\":\"%s\",\"self\":%s}", one->generation,
                  tg_clock_text(one->since_us, since), one->self ? "true" : "false");
  }
  pthread_mutex_unlock(&m->lock);
  tg_buf_char(out, ']');
}

/* Of those with another set than the first, which is this process. Lock held. */
static void name_others(const struct tg_members *m, uint32_t count, struct tg_buf *text)
{
  uint32_t others = 0;
  tg_buf_printf(text, "this process runs generation %.12s", m->list[0].generation);
  for (uint32_t i = 1; i < count; i++) {
    const struct tg_member *one = &m->list[i];
    if (strcmp(one->generation, m->list[0].generation) == 0 || others++ >= NAMED) continue;
    tg_buf_printf(text, ", %s %.12s", one->name, one->generation);
  }
  if (others > NAMED) tg_buf_printf(text, ", and %u more run another one", others - NAMED);
}

bool tg_members_differ(struct tg_members *m, char *text, size_t size, int64_t *since_us)
{
  bool differ = false;
  struct tg_buf b;
  tg_buf_init(&b, 0);
  pthread_mutex_lock(&m->lock);
  uint32_t count = known(m);
  for (uint32_t i = 1; i < count; i++)
    differ = differ || strcmp(m->list[i].generation, m->list[0].generation) != 0;
  *since_us = 0;
  for (uint32_t i = 0; i < count; i++)
    if (m->list[i].since_us > *since_us) *since_us = m->list[i].since_us;
  if (differ) name_others(m, count, &b);
  pthread_mutex_unlock(&m->lock);
  snprintf(text, size, "%s", differ ? tg_buf_cstr(&b) : "");
  tg_buf_fini(&b);
  return differ;
}
