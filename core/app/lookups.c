/* Snapshots of lookups between the keeper, who reads them, and the lanes, who use them. */
#include "core/app/lookups.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/pg/lookuptable.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM_LEAST = 4096 };
enum { READ_US = 30000000, RETRY_US = 1000000, DOUBLINGS_MAX = 5, RETRY_MAX_US = 30000000 };

struct entry {
  char topic[TG_TOPIC_BYTES_MAX + 1];
  char name[TG_NAME_BYTES_MAX + 1];
  struct tg_lookup_source source; /* texts in the arena */
  struct tg_lookup *now;          /* one reference; NULL: not read yet */
  int64_t read_us, next_us;       /* monotonic */
  uint32_t failures;              /* in a row */
  bool stale;                     /* and said so */
};

struct tg_lookups {
  struct tg_arena arena;
  pthread_mutex_t lock; /* of now and read_us, which lanes read */
  struct entry *list;
  uint32_t count;
};

/* --- life ------------------------------------------------------------------------------------- */

static bool copy_columns(struct tg_lookups *l, struct tg_lookup_source *s)
{
  const struct tg_lookup_column *from = s->columns;
  s->columns = tg_arena_zalloc(&l->arena, s->columns_count, sizeof *s->columns);
  for (uint32_t c = 0; s->columns && c < s->columns_count; c++) {
    s->columns[c] = from[c];
    s->columns[c].name = tg_arena_copy(&l->arena, from[c].name);
    if (!s->columns[c].name.ptr) return false;
  }
  return s->columns != NULL;
}

static bool copy_source(struct tg_lookups *l, const struct tg_topic *topic,
                        const struct tg_lookup_source *from)
{
  struct entry *e = &l->list[l->count++];
  snprintf(e->topic, sizeof e->topic, "%.*s", TG_TEXT(topic->name));
  snprintf(e->name, sizeof e->name, "%.*s", TG_TEXT(from->name));
  e->source = *from;
  e->source.given = NULL;
  e->source.name = tg_text(e->name);
  e->source.schema = tg_arena_copy(&l->arena, from->schema);
  e->source.table = tg_arena_copy(&l->arena, from->table);
  e->source.where = tg_arena_copy(&l->arena, from->where);
  return e->source.table.ptr && (e->source.where.ptr || !from->where.ptr) &&
         copy_columns(l, &e->source);
}

static uint32_t tables(const struct tg_topic *const *topics, uint32_t count)
{
  uint32_t n = 0;
  for (uint32_t t = 0; t < count; t++)
    for (uint32_t i = 0; i < topics[t]->lookups_count; i++)
      n += topics[t]->lookups[i].table.len > 0;
  return n;
}

struct tg_lookups *tg_lookups_new(const struct tg_topic *const *topics, uint32_t count)
{
  struct tg_lookups *l = calloc(1, sizeof *l);
  if (!l) return NULL;
  tg_arena_init(&l->arena, 16 << 10, 0);
  pthread_mutex_init(&l->lock, NULL);
  l->list = tg_arena_zalloc(&l->arena, tables(topics, count) + 1, sizeof *l->list);
  bool good = l->list != NULL;
  for (uint32_t t = 0; good && t < count; t++)
    for (uint32_t i = 0; good && i < topics[t]->lookups_count; i++)
      if (topics[t]->lookups[i].table.len) good = copy_source(l, topics[t], &topics[t]->lookups[i]);
  if (good) return l;
  tg_lookups_free(l);
  return NULL;
}

void tg_lookups_free(struct tg_lookups *l)
{
  if (!l) return;
  for (uint32_t i = 0; i < l->count; i++) tg_lookup_drop(l->list[i].now);
  pthread_mutex_destroy(&l->lock);
  tg_arena_fini(&l->arena);
  free(l);
}

/* --- the keeper's side ------------------------------------------------------------------------ */

static struct tg_metric *metric(struct tg_hub *hub, const struct entry *e, enum tg_metric_type type,
                                const char *name, const char *help)
{
  const char *const labels[] = {"topic", e->topic, "lookup", e->name, NULL};
  return tg_metrics_slot(hub->metrics, type, name, help, labels);
}

static struct tg_metric *failures(struct tg_hub *hub, const struct entry *e)
{
  return metric(hub, e, TG_COUNTER, "lookup_refresh_failures_total",
                "Times a lookup could not be read");
}

void tg_lookups_hold(struct tg_lookups *l, struct tg_hub *hub)
{
  for (uint32_t i = 0; i < l->count; i++) {
    tg_metric_add(failures(hub, &l->list[i]), 0);
    if (!l->list[i].now)
      tg_hub_hold(hub, tg_text(l->list[i].topic), TG_HOLD_LOOKUP,
                  "its lookups have not been read yet");
  }
}

static bool complete(const struct tg_lookups *l, const char *topic)
{
  for (uint32_t i = 0; i < l->count; i++)
    if (!l->list[i].now && strcmp(l->list[i].topic, topic) == 0) return false;
  return true;
}

static void tell(struct tg_hub *hub, const struct entry *e, enum tg_level level, const char *what)
{
  char line[900];
  snprintf(line, sizeof line, "lookup '%s': %s", e->name, what);
  tg_log(level, "lookups", "%s: %s", e->topic, line);
  tg_hub_note(hub, "lookup", e->topic, line);
}

static void watch(struct tg_hub *hub, struct entry *e, int64_t now)
{
  static const char *const ends[] = {[TG_ON_STALE_ERROR] = "nothing passes until it is read again",
                                     [TG_ON_STALE_WARN] = "the old one is used",
                                     [TG_ON_STALE_SKIP] = "its answers are null"};
  char line[200];
  int64_t age = now - e->read_us;
  tg_metric_set(metric(hub, e, TG_GAUGE, "lookup_age_seconds", "Since the snapshot was read"),
                (double)age / TG_SEC);
  if (e->stale || age <= e->source.stale_after_us) return;
  e->stale = true;
  snprintf(line, sizeof line, "stale, read %lld s ago: %s", (long long)(age / TG_SEC),
           ends[e->source.on_stale]);
  tell(hub, e, TG_WARN, line);
}

void tg_lookups_watch(struct tg_lookups *l, struct tg_hub *hub)
{
  int64_t now = tg_clock_mono_us();
  for (uint32_t i = 0; i < l->count; i++)
    if (l->list[i].now) watch(hub, &l->list[i], now);
}

/* What all snapshots take, without that of one entry. */
static size_t held(const struct tg_lookups *l, const struct entry *but)
{
  size_t bytes = 0;
  for (uint32_t i = 0; i < l->count; i++)
    if (&l->list[i] != but && l->list[i].now) bytes += l->list[i].now->arena.bytes_held;
  return bytes;
}

static void put(struct tg_lookups *l, struct tg_hub *hub, struct entry *e, struct tg_lookup *fresh,
                int64_t began_us)
{
  pthread_mutex_lock(&l->lock);
  struct tg_lookup *old = e->now;
  e->now = fresh;
  e->read_us = began_us;
  pthread_mutex_unlock(&l->lock);
  tg_lookup_drop(old);
  hub->lookups_bytes = held(l, NULL);
  e->next_us = began_us + e->source.refresh_us;
  e->failures = 0;
  if (e->stale) tell(hub, e, TG_INFO, "fresh again");
  e->stale = false;
  tg_metric_set(metric(hub, e, TG_GAUGE, "lookup_rows", "Rows of the snapshot"), fresh->rows);
}

/* What one may take is what the others leave; *room is never 0, which would be no limit. */
static enum tg_rc room_for(const struct tg_lookups *l, const struct tg_hub *hub,
                           const struct entry *e, size_t *room, struct tg_err *err)
{
  size_t others = held(l, e), all = hub->config->lookups_bytes;
  *room = others < all ? all - others : 0;
  if (*room >= ROOM_LEAST) return TG_OK;
  return tg_err_set(err, TG_CONFIG, "lookups",
                    "lookup '%s' has no room: the others take all %zu KiB of lookups.bytes; take "
                    "fewer rows (where) or columns, or raise lookups.bytes",
                    e->name, all >> 10);
}

static enum tg_rc read_one(struct tg_lookups *l, struct tg_hub *hub, struct tg_pg *pg,
                           struct entry *e, struct tg_err *err)
{
  struct tg_lookup *fresh;
  size_t room;
  int64_t began = tg_clock_mono_us();
  enum tg_rc rc = room_for(l, hub, e, &room, err);
  if (rc == TG_OK) rc = tg_lookuptable_read(pg, &e->source, room, began + READ_US, &fresh, err);
  if (rc == TG_OK) return put(l, hub, e, fresh, began), rc;
  uint32_t doublings = e->failures < DOUBLINGS_MAX ? e->failures++ : DOUBLINGS_MAX;
  int64_t wait = (int64_t)RETRY_US << doublings;
  if (wait > RETRY_MAX_US) wait = RETRY_MAX_US;
  if (wait > e->source.refresh_us) wait = e->source.refresh_us;
  e->next_us = tg_clock_mono_us() + wait;
  tg_metric_add(failures(hub, e), 1);
  return rc;
}

static void failed(struct tg_hub *hub, const struct entry *e, const struct tg_err *err)
{
  char reason[sizeof err->where + sizeof err->what + 4];
  snprintf(reason, sizeof reason, "%s: %s", err->where, err->what);
  if (e->failures == 1 && err->rc != TG_RETRY)
    tell(hub, e, TG_ERROR, reason);
  else
    tg_log_err(TG_WARN, "lookups", err);
  if (!e->now) tg_hub_hold(hub, tg_text(e->topic), TG_HOLD_LOOKUP, reason);
}

void tg_lookups_refresh(struct tg_lookups *l, struct tg_hub *hub, struct tg_pg *pg)
{
  struct tg_err err;
  for (uint32_t i = 0; i < l->count && tg_pg_connected(pg); i++) {
    struct entry *e = &l->list[i];
    if (tg_clock_mono_us() < e->next_us) continue;
    if (read_one(l, hub, pg, e, &err) != TG_OK) {
      failed(hub, e, &err);
      continue;
    }
    tg_hub_refreshed(hub, e->topic);
    if (complete(l, e->topic)) tg_hub_release(hub, tg_text(e->topic), TG_HOLD_LOOKUP);
  }
}

enum tg_rc tg_lookups_read(struct tg_lookups *l, struct tg_hub *hub, struct tg_pg *pg,
                           struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; rc == TG_OK && i < l->count; i++)
    rc = read_one(l, hub, pg, &l->list[i], err);
  return rc;
}

static bool has(const struct tg_lookups *l, const struct entry *e)
{
  for (uint32_t i = 0; i < l->count; i++)
    if (strcmp(l->list[i].topic, e->topic) == 0 && strcmp(l->list[i].name, e->name) == 0)
      return true;
  return false;
}

void tg_lookups_retire(struct tg_lookups *l, const struct tg_lookups *next, struct tg_hub *hub)
{
  static const char *const names[] = {"lookup_age_seconds", "lookup_rows",
                                      "lookup_refresh_failures_total"};
  for (uint32_t i = 0; i < l->count; i++) {
    const struct entry *e = &l->list[i];
    const char *const labels[] = {"topic", e->topic, "lookup", e->name, NULL};
    for (size_t n = 0; !has(next, e) && n < sizeof names / sizeof *names; n++)
      tg_metrics_drop(hub->metrics, names[n], labels);
    if (complete(next, e->topic)) tg_hub_release(hub, tg_text(e->topic), TG_HOLD_LOOKUP);
  }
}

static void write_one(const struct entry *e, struct tg_buf *out)
{
  int64_t age_us = tg_clock_mono_us() - e->read_us;
  tg_buf_str(out, "{\"topic\":");
  tg_buf_json(out, tg_text(e->topic));
  tg_buf_str(out, ",\"lookup\":");
  tg_buf_json(out, tg_text(e->name));
  if (!e->now) {
    tg_buf_str(out, ",\"version\":null,\"stale\":true}");
    return;
  }
  tg_buf_printf(out, ",\"version\":\"%s\",\"rows\":%u,\"age_seconds\":%.3f,\"stale\":%s}",
                e->now->version, e->now->rows, (double)age_us / TG_SEC,
                age_us > e->source.stale_after_us ? "true" : "false");
}

void tg_lookups_write(struct tg_lookups *l, struct tg_buf *out)
{
  tg_buf_char(out, '[');
  pthread_mutex_lock(&l->lock);
  for (uint32_t i = 0; i < l->count; i++) {
    if (i) tg_buf_char(out, ',');
    write_one(&l->list[i], out);
  }
  pthread_mutex_unlock(&l->lock);
  tg_buf_char(out, ']');
}

void tg_lookups_stale(struct tg_lookups *l, tg_lookups_visit *visit, void *self)
{
  int64_t now = tg_clock_mono_us();
  pthread_mutex_lock(&l->lock);
  for (uint32_t i = 0; i < l->count; i++) {
    const struct entry *e = &l->list[i];
    int64_t age_us = now - e->read_us;
    if (e->now && age_us > e->source.stale_after_us) visit(self, e->topic, e->source.name, age_us);
  }
  pthread_mutex_unlock(&l->lock);
}

/* --- the lanes' side -------------------------------------------------------------------------- */

static enum tg_lookup_state state_of(const struct entry *e, int64_t age_us)
{
  if (age_us <= e->source.stale_after_us || e->source.on_stale == TG_ON_STALE_WARN)
    return TG_LOOKUP_FRESH;
  return e->source.on_stale == TG_ON_STALE_SKIP ? TG_LOOKUP_SKIPPED : TG_LOOKUP_REFUSED;
}

/* A canary judges a batch of a new set by the snapshots of the running one. */
static bool declares(const struct tg_topic *topic, const char *name)
{
  for (uint32_t i = 0; i < topic->lookups_count; i++)
    if (tg_text_is(topic->lookups[i].name, name)) return true;
  return false;
}

/* Takes the snapshots of this batch's topic. */
static void lend(struct tg_lookups *l, struct tg_batch *b, struct tg_lookup_set *set)
{
  int64_t now = tg_clock_mono_us();
  pthread_mutex_lock(&l->lock);
  for (uint32_t i = 0; i < l->count; i++) {
    struct entry *e = &l->list[i];
    if (!e->now || !tg_text_is(b->topic->name, e->topic) || !declares(b->topic, e->name)) continue;
    set->list[set->count++] = (struct tg_lookup_use){.name = e->source.name,
                                                     .lookup = tg_lookup_ref(e->now),
                                                     .single = e->source.single,
                                                     .state = state_of(e, now - e->read_us),
                                                     .age_us = now - e->read_us};
  }
  pthread_mutex_unlock(&l->lock);
}

/* {"rates":"2026-01-01T00:00:00Z"} */
static bool note_versions(struct tg_batch *b, const struct tg_lookup_set *set)
{
  size_t size = set->count * (TG_NAME_BYTES_MAX + TG_LOOKUP_VERSION_SIZE + 8u) + 8, len = 0;
  char *text = tg_arena_bytes(b->arena, size);
  if (!text) return false;
  for (uint32_t i = 0; i < set->count; i++)
    len += (size_t)snprintf(text + len, size - len, "%c\"%.*s\":\"%s\"", i ? ',' : '{',
                            TG_TEXT(set->list[i].name), set->list[i].lookup->version);
  text[len++] = '}';
  b->lookups_used = tg_text_of(text, len);
  return true;
}

enum tg_rc tg_lookups_lend(struct tg_lookups *l, struct tg_batch *b, struct tg_err *err)
{
  if (tables(&b->topic, 1) == 0) return TG_OK;
  struct tg_lookup_set *set = tg_arena_zalloc(b->arena, 1, sizeof *set);
  if (set) set->list = tg_arena_zalloc(b->arena, b->topic->lookups_count, sizeof *set->list);
  if (!set || !set->list) return tg_err_set(err, TG_FULL, "load.bytes", "no room for lookups");
  lend(l, b, set);
  b->lookups = set;
  if (note_versions(b, set)) return TG_OK;
  tg_lookups_return(b);
  return tg_err_set(err, TG_FULL, "load.bytes", "no room for lookups");
}

void tg_lookups_return(struct tg_batch *b)
{
  if (b->lookups) tg_lookup_set_drop((struct tg_lookup_set *)(uintptr_t)b->lookups);
  b->lookups = NULL;
}
