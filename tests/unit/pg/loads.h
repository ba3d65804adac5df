/* Loads made by hand: topics orders and refunds with columns id, amount, at; an event's value is
 * "id amount at_us". */
#ifndef TG_TEST_PG_LOADS_H
#define TG_TEST_PG_LOADS_H

#include "tests/unit/pg/server.h"

#include "core/data/load.h"
#include "core/pg/loader.h"

#include <inttypes.h>

enum { PARTS = 8, TOPICS = 2 };

static struct tg_field fields[3];
static struct tg_topic topics[TOPICS];

/* An owner of partitions 0..PARTS-1 of both topics with its connection, loader and load. */
struct owner {
  struct tg_pg_conf conf;
  struct tg_pg *pg;
  struct tg_loader *loader;
  struct tg_claim claims[TOPICS][PARTS];
  struct tg_load load;
  struct tg_loader_report report;
  struct tg_err err;
};

static inline void topics_init(void)
{
  static const char *const names[TOPICS] = {"orders", "refunds"};
  const char *const columns[] = {"id", "amount", "at"};
  const enum tg_kind kinds[] = {TG_INT8, TG_INT4, TG_TIMESTAMPTZ};
  for (int i = 0; i < 3; i++)
    fields[i] = (struct tg_field){.name = tg_text(columns[i]), .type = {.kind = kinds[i]}};
  for (int i = 0; i < TOPICS; i++)
    topics[i] = (struct tg_topic){.name = tg_text(names[i]),
                                  .table = tg_text(names[i]),
                                  .schema = tg_text("public"),
                                  .fields = fields,
                                  .fields_count = 3,
                                  .event_time = 2,
                                  .key = -1,
                                  .provenance = true};
}

#define TABLE_COLUMNS                                                                              \
  "(id bigint, amount int, at timestamptz, _part int, _offset bigint, _issues text[])"

static inline void tables_init(struct tg_pg *pg)
{
  server_exec(pg, "SET client_min_messages = error; DROP SCHEMA IF EXISTS tidegate CASCADE;"
                  "DROP TABLE IF EXISTS orders, refunds, customers CASCADE;"
                  "CREATE TABLE orders " TABLE_COLUMNS ";"
                  "CREATE TABLE refunds " TABLE_COLUMNS);
}

static inline void owner_claim(struct owner *o, int from, int to)
{
  struct tg_claimer who = {"shop", "cluster1", o->conf.name, 1};
  for (int t = 0; t < TOPICS; t++) {
    for (int p = from; p < to; p++)
      o->claims[t][p] = (struct tg_claim){.topic = t ? "refunds" : "orders", .partition = p};
    server_must(
        tg_claim_take(o->pg, &who, o->claims[t] + from, (uint32_t)(to - from), soon(), &o->err),
        &o->err);
    for (int p = from; p < to; p++) o->claims[t][p].first_offset = 0;
    server_must(tg_claim_begin(o->pg, o->claims[t] + from, (uint32_t)(to - from), soon(), &o->err),
                &o->err);
  }
}

static inline void owner_init(struct owner *o, const char *name)
{
  static const struct tg_loader_conf loader = {.pipeline = "shop", .transaction_us = 30 * TG_SEC};
  *o = (struct owner){.conf = server_conf(name)};
  o->pg = server_connect(&o->conf);
  o->loader = tg_loader_new(&loader, o->pg);
  server_must(tg_load_init(&o->load, 100000, 256 << 20, &o->err), &o->err);
}

static inline void owner_fini(struct owner *o)
{
  tg_loader_free(o->loader);
  tg_pg_free(o->pg);
  tg_load_fini(&o->load);
}

static inline void load_open(struct owner *o)
{
  const struct tg_topic *list[] = {&topics[0], &topics[1]};
  o->load.number++;
  o->load.generation = "f00d";
  assert_int_equal(tg_load_open(&o->load, list, TOPICS), TG_OK);
}

static inline void load_add(struct owner *o, uint32_t topic, int part, int64_t offset, int64_t id)
{
  char value[96];
  snprintf(value, sizeof value, "%" PRId64 " %" PRId64 " %" PRId64, id, id * 10, 1000000 * id);
  struct tg_event e = {.slot = (uint32_t)part,
                       .partition = part,
                       .offset = offset,
                       .kafka_us = 1700000000000000 + offset,
                       .value = tg_text(value),
                       .size = (uint32_t)strlen(value)};
  assert_int_equal(tg_load_add(&o->load, topic, &e), TG_OK);
}

static inline void batch_columns(struct tg_batch *b)
{
  b->columns = tg_arena_zalloc(b->arena, 3, sizeof *b->columns);
  for (int i = 0; i < 3; i++)
    b->columns[i] = tg_column_new(b->arena, fields[i].type, b->rows, false);
  for (uint32_t r = 0; r < b->rows; r++) {
    int64_t v[3] = {0};
    char text[96];
    snprintf(text, sizeof text, "%.*s", TG_TEXT(b->events[r].value));
    sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64, &v[0], &v[1], &v[2]);
    for (int i = 0; i < 3; i++) b->columns[i]->v.ints[r] = v[i];
  }
}

/* Seals the batches, fills their columns and puts the segments on the owner's chains. */
static inline void load_ready(struct owner *o)
{
  for (uint32_t t = 0; t < TOPICS; t++) {
    struct tg_batch *b = &o->load.batches[t];
    assert_int_equal(tg_batch_seal(b), TG_OK);
    batch_columns(b);
    for (uint32_t i = 0; i < b->segments_count; i++) {
      struct tg_segment *s = &b->segments[i];
      const struct tg_claim *c = &o->claims[t][s->partition];
      s->partition_id = c->partition_id, s->claim_id = c->claim_id;
      s->from = c->next;
    }
  }
}

/* `rows` events for each partition [from, to) of a topic, continuing its chain; ids are unique per
 * topic. */
static inline void load_fill(struct owner *o, uint32_t topic, int from, int to, int rows)
{
  for (int i = 0; i < rows; i++)
    for (int p = from; p < to; p++) {
      int64_t offset = o->claims[topic][p].next + i;
      load_add(o, topic, p, offset, offset * PARTS + p);
    }
}

static inline enum tg_rc load_write(struct owner *o)
{
  return tg_loader_write(o->loader, &o->load, &o->report, &o->err);
}

/* Moves the owner's idea of its chains behind the load, as the lane does after TG_OK. */
static inline void load_done(struct owner *o)
{
  for (uint32_t t = 0; t < TOPICS; t++) {
    const struct tg_batch *b = &o->load.batches[t];
    for (uint32_t i = 0; i < b->segments_count; i++)
      if (!b->held && !b->segments[i].gone)
        o->claims[t][b->segments[i].partition].next = b->segments[i].to;
  }
}

static inline void load_must(struct owner *o)
{
  server_must(load_write(o), &o->err);
  load_done(o);
}

/* "in=loaded+quarantined+late+dropped" over the whole ledger. */
static inline const char *balance(struct tg_pg *pg)
{
  return server_value(
      pg, "SELECT coalesce(sum(n_in), 0) || '=' || coalesce(sum(n_loaded), 0) || '+' ||"
          " coalesce(sum(n_quarantined), 0) || '+' || coalesce(sum(n_late), 0) || '+' ||"
          " coalesce(sum(n_dropped), 0) FROM tidegate.segment");
}

/* Set-up and tear-down of most tests: owner a has claimed everything in a new state schema, b only
 * has a connection. */
static struct owner a, b;

static inline int open_owners(void **state)
{
  (void)state;
  topics_init();
  owner_init(&a, "tidegate a");
  tables_init(a.pg);
  server_must(tg_state_upgrade(a.pg, soon(), &a.err), &a.err);
  owner_claim(&a, 0, PARTS);
  owner_init(&b, "tidegate b");
  return 0;
}

static inline int close_owners(void **state)
{
  (void)state;
  owner_fini(&a), owner_fini(&b);
  return 0;
}

#endif
