/* The states of a partition's rules. */
#include "core/state/stateset.h"

#include "core/state/keysave.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  RULES_MAX = 10000,
  BASE_BYTES = 1 << 20, /* deltas worth a new base, at least */
  BASE_SHARE = 4,       /* or so many times the base */
  DELTA_BYTES = 8192,   /* what a claim's reading of one more row is worth */
  DELTAS_MAX = 1000
};

struct state { /* of a rule */
  char *rule;
  char declared[TG_STATE_HASH_BYTES + 1];
  bool changed; /* to be told */
  struct tg_keyed keyed;
  struct state *next;
};

struct tg_stateset {
  uint64_t seed;
  int64_t from; /* where the newest segment begins */
  uint32_t count;
  struct state *first;
  const struct tg_state_room *room; /* or NULL */
};

struct tg_stateset *tg_stateset_new(uint64_t seed)
{
  struct tg_stateset *set = calloc(1, sizeof *set);
  if (set) set->seed = seed;
  return set;
}

static void state_free(struct state *s)
{
  tg_keyed_fini(&s->keyed);
  free(s->rule);
  free(s);
}

void tg_stateset_free(struct tg_stateset *set)
{
  for (struct state *s = set ? set->first : NULL, *next; s; s = next) {
    next = s->next;
    state_free(s);
  }
  free(set);
}

void tg_stateset_share(struct tg_stateset *set, const struct tg_state_room *room)
{
  set->room = room;
}

bool tg_stateset_full(const struct tg_stateset *set)
{
  return set->room && set->room->bytes_max && set->room->bytes >= set->room->bytes_max;
}

static struct state *find(const struct tg_stateset *set, struct tg_text rule,
                          struct tg_text declared)
{
  for (struct state *s = set->first; s; s = s->next)
    if (tg_text_is(rule, s->rule) && tg_text_is(declared, s->declared)) return s;
  return NULL;
}

static struct state *add(struct tg_stateset *set, struct tg_text rule, struct tg_text declared,
                         const struct tg_keyed_conf *conf)
{
  if (set->count == RULES_MAX || declared.len > TG_STATE_HASH_BYTES) return NULL;
  struct state *s = calloc(1, sizeof *s);
  char *name = malloc((size_t)rule.len + 1);
  if (!s || !name) return free(s), free(name), NULL;
  snprintf(name, (size_t)rule.len + 1, "%.*s", TG_TEXT(rule));
  snprintf(s->declared, sizeof s->declared, "%.*s", TG_TEXT(declared));
  s->rule = name;
  tg_keyed_init(&s->keyed, conf, set->seed);
  s->next = set->first;
  set->first = s;
  set->count++;
  return s;
}

enum tg_rc tg_stateset_load(struct tg_stateset *set, const struct tg_state_row *row,
                            struct tg_err *err)
{
  static const struct tg_keyed_conf any = {0}; /* the rule says what it is when it opens it */
  struct state *s = find(set, row->rule, row->declared);
  if (!s && !row->base)
    return tg_err_set(err, TG_DATA, "rule state", "%.*s has a delta without its base",
                      TG_TEXT(row->rule));
  if (!s) s = add(set, row->rule, row->declared, &any);
  if (!s) return tg_err_set(err, TG_RETRY, "rule state", "no memory for %.*s", TG_TEXT(row->rule));
  enum tg_rc rc = tg_keysave_load(&s->keyed, row->bytes, err);
  if (rc != TG_OK) {
    char why[sizeof err->what];
    snprintf(why, sizeof why, "%s", err->what);
    return tg_err_set(err, rc, "rule state", "%.*s: %s", TG_TEXT(row->rule), why);
  }
  struct tg_keyed *k = &s->keyed;
  k->based = true;
  k->base_bytes = row->base ? row->bytes.len : k->base_bytes;
  k->delta_bytes = row->base ? 0 : k->delta_bytes + row->bytes.len;
  k->deltas = row->base ? 0 : k->deltas + 1;
  return TG_OK;
}

void tg_stateset_begin(struct tg_stateset *set, int64_t from)
{
  set->from = from;
  for (struct state *s = set->first; s; s = s->next) tg_keyed_rollback(&s->keyed, from);
}

void tg_stateset_commit(struct tg_stateset *set, int64_t to)
{
  for (struct state *s = set->first; s; s = s->next) tg_keyed_commit(&s->keyed, to);
}

/* Drops state of the same rule under another declaration. True when there was any. */
static bool drop_others(struct tg_stateset *set, struct tg_text rule)
{
  bool any = false;
  for (struct state **at = &set->first; *at;) {
    struct state *s = *at;
    if (!tg_text_is(rule, s->rule)) {
      at = &s->next;
      continue;
    }
    *at = s->next;
    set->count--;
    state_free(s);
    any = true;
  }
  return any;
}

struct tg_keyed *tg_stateset_open(struct tg_stateset *set, struct tg_text rule,
                                  struct tg_text declared, const struct tg_keyed_conf *conf)
{
  struct state *s = find(set, rule, declared);
  if (!s) {
    bool changed = drop_others(set, rule);
    if (!(s = add(set, rule, declared, conf))) return NULL;
    s->changed = changed;
  }
  s->keyed.conf = *conf;
  if (conf->forget) tg_keyed_fini(&s->keyed);
  return tg_keyed_begin(&s->keyed, set->from) ? &s->keyed : NULL;
}

void tg_stateset_undo(struct tg_stateset *set, struct tg_text rule, struct tg_text declared)
{
  struct state *s = find(set, rule, declared);
  if (s) tg_keyed_rollback(&s->keyed, set->from);
}

const char *tg_stateset_changed(struct tg_stateset *set)
{
  for (struct state *s = set->first; s; s = s->next) {
    bool changed = s->changed || s->keyed.changed;
    s->changed = s->keyed.changed = false;
    if (changed) return s->rule;
  }
  return "";
}

static bool base_due(const struct tg_keyed *k)
{
  size_t worth = k->base_bytes * BASE_SHARE;
  if (worth < BASE_BYTES) worth = BASE_BYTES;
  size_t deltas = k->delta_bytes + (size_t)k->deltas * DELTA_BYTES;
  return !k->based || deltas > worth || k->deltas >= DELTAS_MAX;
}

static bool save_one(const struct tg_stateset *set, struct state *s, struct tg_buf *scratch,
                     struct tg_state_row *row)
{
  struct tg_keyed *k = &s->keyed;
  tg_buf_clear(scratch);
  *row = (struct tg_state_row){.rule = tg_text(s->rule), .declared = tg_text(s->declared)};
  row->base = base_due(k);
  if (row->base)
    tg_keysave_base(k, scratch);
  else
    tg_keysave_delta(k, scratch);
  row->bytes = tg_buf_view(scratch);
  if (scratch->failed || scratch->len > TG_KEYED_BYTES_MAX) return false;
  if (row->base && !k->based && k->base_from < 0) k->base_from = set->from;
  k->base_bytes = row->base ? row->bytes.len : k->base_bytes;
  k->delta_bytes = row->base ? 0 : k->delta_bytes + row->bytes.len;
  k->deltas = row->base ? 0 : k->deltas + 1;
  return true;
}

bool tg_stateset_save(struct tg_stateset *set, struct tg_buf *scratch, tg_stateset_visit *visit,
                      void *self)
{
  struct tg_state_row row;
  for (struct state *s = set->first; s; s = s->next) {
    bool idle = !s->keyed.open || s->keyed.from != set->from || s->keyed.conf.forget;
    if (idle || tg_keysave_same(&s->keyed)) continue;
    if (!save_one(set, s, scratch, &row) || !visit(self, &row)) return false;
  }
  return true;
}

struct tg_state_size tg_stateset_size(const struct tg_stateset *set)
{
  struct tg_state_size size = {0};
  for (const struct state *s = set->first; s; s = s->next)
    for (uint32_t i = 0; i < s->keyed.steps_count; i++) {
      const struct tg_keystep *step = &s->keyed.steps[i];
      const struct tg_keytable *t = &step->table;
      if (step->op == TG_KEYOP_MAYBE) {
        size.keys += tg_bloom_keys(&step->bloom);
        size.bytes += tg_bloom_bytes(&step->bloom);
        size.evicted += step->bloom.evicted;
        continue;
      }
      size.keys += t->keys;
      size.bytes += t->bytes + t->log.size;
      size.evicted += t->evicted;
    }
  return size;
}
