/* A dense table of alerts; each of the few operations looks through all of it. */
#include "core/flow/alertbook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORGET_US (INT64_C(15) * 60 * 1000000) /* as long as Prometheus tells of an ended alert */

struct tg_alertbook {
  struct tg_alert_policy policy;
  uint64_t serial; /* the newest given */
  uint32_t count;
  struct tg_alert list[TG_ALERTS_MAX];
};

struct tg_alertbook *tg_alertbook_new(const struct tg_alert_policy *policy)
{
  struct tg_alertbook *b = calloc(1, sizeof *b);
  if (b) b->policy = *policy;
  return b;
}

void tg_alertbook_free(struct tg_alertbook *b)
{
  free(b);
}

/* True when kept, in `size` bytes, is text or what was left of it. */
static bool same(const char *kept, size_t size, const char *text)
{
  return strncmp(kept, text ? text : "", size - 1) == 0;
}

static struct tg_alert *find(struct tg_alertbook *b, const struct tg_alert_id *id)
{
  for (uint32_t i = 0; i < b->count; i++) {
    struct tg_alert *a = &b->list[i];
    if (a->partition == id->partition && strcmp(a->name, id->name) == 0 &&
        strcmp(a->severity, id->severity) == 0 && same(a->topic, sizeof a->topic, id->topic) &&
        same(a->rule, sizeof a->rule, id->rule) && same(a->owner, sizeof a->owner, id->owner))
      return a;
  }
  return NULL;
}

static struct tg_alert *add(struct tg_alertbook *b, const struct tg_alert_id *id)
{
  if (b->count == TG_ALERTS_MAX) return NULL;
  struct tg_alert *a = &b->list[b->count++];
  *a = (struct tg_alert){
      .name = id->name, .severity = id->severity, .partition = id->partition, .fades = id->fades};
  snprintf(a->topic, sizeof a->topic, "%s", id->topic ? id->topic : "");
  snprintf(a->rule, sizeof a->rule, "%s", id->rule ? id->rule : "");
  snprintf(a->owner, sizeof a->owner, "%s", id->owner ? id->owner : "");
  return a;
}

static void enter(struct tg_alertbook *b, struct tg_alert *a, enum tg_alert_state state)
{
  a->state = state;
  a->serial = ++b->serial;
}

static void begin(struct tg_alertbook *b, struct tg_alert *a, struct tg_alert_time now)
{
  a->began = now;
  enter(b, a, b->policy.for_us > 0 ? TG_ALERT_PENDING : TG_ALERT_FIRING);
}

bool tg_alertbook_raise(struct tg_alertbook *b, const struct tg_alert_id *id, unsigned source,
                        const char *text, struct tg_alert_time now)
{
  struct tg_alert *a = find(b, id);
  bool fresh = !a || a->state == TG_ALERT_RESOLVED;
  if (!a && !(a = add(b, id))) return false;
  if (fresh) begin(b, a, now);
  a->sources[source / 64] |= UINT64_C(1) << source % 64;
  a->raised_us = now.mono_us;
  snprintf(a->text, sizeof a->text, "%s", text);
  return true;
}

/* Nobody says so any more. */
static bool quiet(const struct tg_alert *a)
{
  for (unsigned i = 0; i < TG_ALERT_SOURCES / 64; i++)
    if (a->sources[i]) return false;
  return true;
}

static void unsay(struct tg_alert *a, unsigned source, struct tg_alert_time now)
{
  bool was = !quiet(a);
  a->sources[source / 64] &= ~(UINT64_C(1) << source % 64);
  if (was && quiet(a)) a->cleared_us = now.mono_us;
}

void tg_alertbook_clear(struct tg_alertbook *b, const struct tg_alert_id *id, unsigned source,
                        struct tg_alert_time now)
{
  struct tg_alert *a = find(b, id);
  if (a) unsay(a, source, now);
}

void tg_alertbook_leave(struct tg_alertbook *b, const char *name, unsigned source,
                        struct tg_alert_time now)
{
  for (uint32_t i = 0; i < b->count; i++)
    if (strcmp(b->list[i].name, name) == 0) unsay(&b->list[i], source, now);
}

static bool over(const struct tg_alertbook *b, const struct tg_alert *a, int64_t now_us)
{
  return (quiet(a) && now_us - a->cleared_us >= b->policy.keep_us) ||
         (a->fades && now_us - a->raised_us >= b->policy.fade_us);
}

static void end(struct tg_alertbook *b, struct tg_alert *a, struct tg_alert_time now)
{
  memset(a->sources, 0, sizeof a->sources);
  a->ended = now;
  enter(b, a, TG_ALERT_RESOLVED);
}

static bool known(const struct tg_alertbook *b, const struct tg_alert *a)
{
  for (uint32_t r = 0; r < b->policy.receivers; r++)
    if (a->told[r].serial != a->serial) return false;
  return true;
}

/* Moves one alert on; true: it can be forgotten. */
static bool step(struct tg_alertbook *b, struct tg_alert *a, struct tg_alert_time now)
{
  switch (a->state) {
  case TG_ALERT_PENDING:
    if (quiet(a)) return true;
    if (now.mono_us - a->began.mono_us >= b->policy.for_us) enter(b, a, TG_ALERT_FIRING);
    return false;
  case TG_ALERT_FIRING:
    if (over(b, a, now.mono_us)) end(b, a, now);
    return false;
  case TG_ALERT_RESOLVED: break;
  }
  return known(b, a) || now.mono_us - a->ended.mono_us >= FORGET_US;
}

void tg_alertbook_turn(struct tg_alertbook *b, struct tg_alert_time now)
{
  for (uint32_t i = 0; i < b->count;)
    if (step(b, &b->list[i], now))
      b->list[i] = b->list[--b->count];
    else
      i++;
}

static bool due(const struct tg_alertbook *b, const struct tg_alert *a, uint32_t receiver,
                int64_t now_us)
{
  if (a->state == TG_ALERT_PENDING) return false;
  if (a->told[receiver].serial != a->serial) return true;
  return a->state == TG_ALERT_FIRING && now_us - a->told[receiver].us >= b->policy.resend_us;
}

uint32_t tg_alertbook_due(const struct tg_alertbook *b, uint32_t receiver, struct tg_alert_time now,
                          struct tg_alert *out, uint32_t max)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->count && n < max; i++)
    if (due(b, &b->list[i], receiver, now.mono_us)) out[n++] = b->list[i];
  return n;
}

void tg_alertbook_told(struct tg_alertbook *b, uint32_t receiver, const struct tg_alert *list,
                       uint32_t count, struct tg_alert_time now)
{
  for (uint32_t i = 0; i < b->count; i++)
    for (uint32_t n = 0; n < count; n++)
      if (b->list[i].serial == list[n].serial) {
        b->list[i].told[receiver].serial = list[n].serial;
        b->list[i].told[receiver].us = now.mono_us;
      }
}

uint32_t tg_alertbook_firing(const struct tg_alertbook *b)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->count; i++) n += b->list[i].state == TG_ALERT_FIRING;
  return n;
}

uint32_t tg_alertbook_standing(const struct tg_alertbook *b, struct tg_alert *out, uint32_t max)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->count; i++) {
    if (b->list[i].state == TG_ALERT_RESOLVED || quiet(&b->list[i])) continue;
    if (n < max) out[n] = b->list[i];
    n++;
  }
  return n;
}
