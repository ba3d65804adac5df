/* The moves of a breaker; breaker.h draws them. */
#include "core/flow/breaker.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
    [TG_CLOSED] = "closed", [TG_OPEN] = "open", [TG_HALF_OPEN] = "half_open", [TG_HELD] = "held"};

const char *tg_breaker_state_name(enum tg_breaker_state state)
{
  return names[state];
}

bool tg_breaker_state_parse(const char *name, enum tg_breaker_state *state)
{
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], name) == 0) return *state = (enum tg_breaker_state)i, true;
  return false;
}

static void move(struct tg_breaker *b, enum tg_breaker_state to, int64_t now_us)
{
  b->state = to;
  b->since_us = now_us;
}

/* Cool-downs are days at most: no sum overflows. */
static void open_for(struct tg_breaker *b, int64_t cooldown_us, int64_t now_us)
{
  move(b, TG_OPEN, now_us);
  b->cooldown_us = cooldown_us;
  b->probe_us = now_us + cooldown_us;
  b->changed = false;
  b->failures++;
}

static int64_t doubled(const struct tg_breaker *b, const struct tg_breaker_conf *conf)
{
  int64_t most = conf->cooldown_max_us;
  if (b->cooldown_us < conf->cooldown_us) return conf->cooldown_us;
  return b->cooldown_us > most / 2 ? most : 2 * b->cooldown_us;
}

static void close_it(struct tg_breaker *b, int64_t now_us)
{
  *b = (struct tg_breaker){.state = TG_CLOSED, .since_us = now_us};
}

/* A critical verdict of what was under way when it was held: it is open, once the hold is over. */
static void fail_held(struct tg_breaker *b, const struct tg_breaker_conf *conf, int64_t now_us)
{
  int64_t since_us = b->since_us;
  if (b->before == TG_OPEN) {
    b->failures++;
    return;
  }
  open_for(b, conf->cooldown_us, now_us);
  b->before = TG_OPEN;
  b->state = TG_HELD;
  b->since_us = since_us;
}

static void fail(struct tg_breaker *b, const struct tg_breaker_conf *conf, int64_t now_us)
{
  switch (b->state) {
  case TG_CLOSED: open_for(b, conf->cooldown_us, now_us); break;
  case TG_OPEN: b->failures++; break;
  case TG_HALF_OPEN: open_for(b, doubled(b, conf), now_us); break;
  case TG_HELD: fail_held(b, conf, now_us); break;
  }
}

static void try_it(struct tg_breaker *b, int64_t now_us)
{
  move(b, TG_HALF_OPEN, now_us);
  b->hold_until_us = 0;
  b->changed = false;
}

/* The cause changed; at once: nobody need wait for the cool-down. */
static void change(struct tg_breaker *b, bool at_once, int64_t now_us)
{
  bool open = b->state == TG_OPEN || (b->state == TG_HELD && b->before == TG_OPEN);
  if (!open) return;
  b->changed = true;
  if (at_once) b->probe_us = now_us;
  if (b->state == TG_OPEN && now_us >= b->probe_us) try_it(b, now_us);
}

static void hold(struct tg_breaker *b, int64_t now_us)
{
  if (b->state == TG_HELD) return;
  bool trying = b->state == TG_HALF_OPEN;
  b->before = b->state == TG_CLOSED ? TG_CLOSED : TG_OPEN;
  if (trying) b->changed = true, b->probe_us = now_us; /* what was begun is begun again */
  move(b, TG_HELD, now_us);
}

static void let_go(struct tg_breaker *b, int64_t now_us)
{
  b->hold_until_us = 0;
  move(b, b->before, now_us);
}

static void tick(struct tg_breaker *b, int64_t now_us)
{
  if (b->state == TG_HELD && b->hold_until_us && now_us >= b->hold_until_us) let_go(b, now_us);
  if (b->state == TG_OPEN && b->changed && now_us >= b->probe_us) try_it(b, now_us);
}

bool tg_breaker_takes(const struct tg_breaker *b, enum tg_breaker_event event)
{
  bool open = b->state == TG_OPEN || (b->state == TG_HELD && b->before == TG_OPEN);
  switch (event) {
  case TG_BREAKER_PROBE: return open;
  case TG_BREAKER_VERDICT: return open || b->state == TG_HALF_OPEN;
  case TG_BREAKER_CLEAN: return b->state == TG_HALF_OPEN;
  case TG_BREAKER_RESET: return b->state != TG_CLOSED;
  default: return true;
  }
}

bool tg_breaker_step(struct tg_breaker *b, const struct tg_breaker_conf *conf,
                     enum tg_breaker_event event, int64_t now_us)
{
  enum tg_breaker_state before = b->state;
  if (!tg_breaker_takes(b, event)) return false;
  switch (event) {
  case TG_BREAKER_CRITICAL: fail(b, conf, now_us); break;
  case TG_BREAKER_CHANGED: change(b, true, now_us); break;
  case TG_BREAKER_REFRESHED: change(b, false, now_us); break;
  case TG_BREAKER_PROBE: try_it(b, now_us); break;
  case TG_BREAKER_VERDICT:
    if (b->state != TG_HALF_OPEN) try_it(b, now_us);
    break;
  case TG_BREAKER_CLEAN:
  case TG_BREAKER_RESET: close_it(b, now_us); break;
  case TG_BREAKER_HOLD: hold(b, now_us); break;
  case TG_BREAKER_TICK: tick(b, now_us); break;
  }
  return b->state != before;
}

/* --- rejected rows --- */

static uint32_t slot_of(int64_t bucket)
{
  int64_t slot = bucket % TG_SHARE_BUCKETS;
  return (uint32_t)(slot < 0 ? slot + TG_SHARE_BUCKETS : slot);
}

/* Makes `bucket` the newest; what falls out of the window is forgotten. */
static void advance(struct tg_breaker_share *s, int64_t bucket)
{
  int64_t from = s->newest + 1;
  if (bucket - from >= TG_SHARE_BUCKETS) from = bucket - TG_SHARE_BUCKETS + 1;
  for (int64_t i = from; i <= bucket; i++) s->rows[slot_of(i)] = s->rejected[slot_of(i)] = 0;
  s->newest = bucket;
}

void tg_breaker_count(struct tg_breaker_share *s, const struct tg_breaker_conf *conf,
                      const struct tg_breaker_tally *rows, int64_t kafka_us, int64_t now_us)
{
  int64_t width = conf->over_us / TG_SHARE_BUCKETS;
  int64_t bucket = (kafka_us < now_us ? kafka_us : now_us) / (width > 0 ? width : 1);
  if (bucket > s->newest) advance(s, bucket);
  if (bucket <= s->newest - TG_SHARE_BUCKETS) bucket = s->newest - TG_SHARE_BUCKETS + 1;
  s->rows[slot_of(bucket)] += rows->rows;
  s->rejected[slot_of(bucket)] += rows->rejected;
}

bool tg_breaker_reached(const struct tg_breaker_share *s, const struct tg_breaker_conf *conf,
                        struct tg_breaker_tally *out)
{
  *out = (struct tg_breaker_tally){0};
  for (uint32_t i = 0; i < TG_SHARE_BUCKETS; i++)
    out->rows += s->rows[i], out->rejected += s->rejected[i];
  if (!conf->quarantine_percent || !out->rejected || out->rows < conf->quarantine_rows)
    return false;
  return (double)out->rejected * 100 >= (double)out->rows * conf->quarantine_percent;
}

bool tg_breaker_jumped(const struct tg_breaker_tally *before, const struct tg_breaker_tally *now,
                       uint32_t points)
{
  if (!points || before->rows < TG_JUMP_ROWS || now->rows < TG_JUMP_ROWS) return false;
  double more =
      (double)now->rejected / (double)now->rows - (double)before->rejected / (double)before->rows;
  return more * 100 > points;
}
