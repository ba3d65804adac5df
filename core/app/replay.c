/* Replaying the quarantine; see the header. Read replay_topic() first. */
#include "core/app/replay.h"

#include "core/app/cli.h"
#include "core/app/generation.h"
#include "core/app/replayread.h"
#include "core/base/clock.h"
#include "core/base/grow.h"
#include "core/data/decode.h"
#include "core/data/load.h"
#include "core/pg/array.h"
#include "core/pg/replay.h"
#include "core/pg/rulestate.h"
#include "core/pg/table.h"
#include "core/state/stateset.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
  PIECE_ROWS = 10000,
  PIECE_BYTES = 16 << 20,
  FEW_ROWS = 32, /* PostgreSQL may refuse all of these without using up the budget of a COPY */
  SEED = 1
};
#define PIECE_US (120 * TG_SEC)
/* two replays may wait for each other's ledger rows */
#define BEGIN "BEGIN; SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '110s'"

struct source { /* a partition whose events are in the quarantine */
  int32_t partition_id;
  struct tg_stateset *state; /* what its rules remember; NULL: not read yet */
  int64_t judged;            /* rows of it that are done with; orders what they change in state */
};

struct replay {
  const struct tg_config *config;
  const struct tg_replay_conf *conf;
  struct tg_pg *pg;
  struct tg_replay_count *count;
  struct tg_generation *generation;
  struct tg_program *program;
  struct tg_metrics *metrics; /* lookups count in them; nobody reads them */
  struct tg_hub *hub;
  struct tg_loader *loader;
  struct tg_load load;
  struct tg_buf headers;
  /* of the topic under way */
  const struct tg_topic *topic;
  struct tg_quarantine_filter filter; /* its rows only */
  char name[TG_TOPIC_BYTES_MAX + 1];
  struct tg_decoder *decoder;
  struct source *sources; /* owned */
  uint32_t sources_count, sources_size;
  uint32_t rows_max;
  uint64_t left; /* of conf->filter.limit */
  int32_t after_part;
  int64_t after_offset;
};

static int64_t deadline(void)
{
  return tg_clock_mono_us() + PIECE_US;
}

/* --- a piece: read --- */

static bool source_of(struct replay *r, int32_t partition_id, uint32_t *slot)
{
  for (uint32_t i = r->sources_count; i-- > 0;)
    if (r->sources[i].partition_id == partition_id) return *slot = i, true;
  if (!tg_grow(&r->sources, r->sources_count, &r->sources_size, sizeof *r->sources)) return false;
  *slot = r->sources_count++;
  r->sources[*slot] = (struct source){.partition_id = partition_id};
  return true;
}

static enum tg_rc take(void *self, const struct tg_rejected *row, struct tg_err *err)
{
  struct replay *r = self;
  struct tg_event event;
  uint32_t slot;
  if (!source_of(r, row->partition_id, &slot))
    return tg_err_set(err, TG_FATAL, "replay", "out of memory");
  enum tg_rc rc = tg_replay_event(row, slot, &r->headers, &event, err);
  if (rc == TG_DATA) return err->rc = TG_CONFIG;
  return rc == TG_OK ? tg_load_add(&r->load, 0, &event) : rc;
}

/* The next rows, locked. TG_FULL: the first one is too large. */
static enum tg_rc read_piece(struct replay *r, struct tg_rejected_piece *piece, struct tg_err *err)
{
  *piece = (struct tg_rejected_piece){.filter = &r->filter,
                                      .visit = take,
                                      .self = r,
                                      .rows_max = r->rows_max,
                                      .bytes_max = PIECE_BYTES,
                                      .lock = !r->conf->dry_run,
                                      .after_part = r->after_part,
                                      .after_offset = r->after_offset};
  if (piece->rows_max > r->left) piece->rows_max = (uint32_t)r->left;
  enum tg_rc rc = tg_load_open(&r->load, &r->topic, 1);
  if (rc != TG_OK) return tg_err_set(err, TG_FATAL, "replay", "out of memory");
  return tg_rejected_read(r->pg, piece, deadline(), err);
}

static enum tg_rc take_state(void *self, const struct tg_saved_state *row, struct tg_err *err)
{
  struct tg_state_row s = {
      .rule = row->rule, .declared = row->declared, .base = row->base, .bytes = row->bytes};
  return tg_stateset_load(self, &s, err);
}

static enum tg_rc read_state(struct replay *r, struct source *s, struct tg_err *err)
{
  struct tg_claim claim = {
      .topic = "the quarantine", .partition_id = s->partition_id, .next = INT64_MAX};
  struct tg_stateset *set = tg_stateset_new(SEED);
  if (!set) return tg_err_set(err, TG_FATAL, "replay", "out of memory");
  enum tg_rc rc = tg_rulestate_read(r->pg, &claim, take_state, set, deadline(), err);
  if (rc == TG_OK) return s->state = set, rc;
  tg_stateset_free(set);
  return rc == TG_DATA ? err->rc = TG_CONFIG : rc;
}

/* --- a piece: judge --- */

static enum tg_rc open_segments(struct replay *r, struct tg_batch *b, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; rc == TG_OK && i < b->segments_count; i++) {
    struct tg_segment *s = &b->segments[i];
    struct source *source = &r->sources[s->slot];
    if (!source->state) rc = read_state(r, source, err);
    if (rc != TG_OK) break;
    s->partition_id = source->partition_id;
    s->state = source->state;
    tg_stateset_begin(source->state, source->judged);
  }
  return rc;
}

static bool names(const struct tg_issue *i, const char *rule)
{
  while (i && !(i->rule && strcmp(i->rule, rule) == 0)) i = i->next;
  return i != NULL;
}

/* A rule that raised has judged nobody: all rows stay out. A check that says critical keeps those
 * that it failed. */
static void keep_out(struct tg_batch *b, const struct tg_verdict_row *v)
{
  bool raised = v->verdict == TG_VERDICT_ERROR && !v->evaluated;
  struct tg_issue issue = {.fate = TG_QUARANTINE,
                           .stage = TG_STAGE_RULE,
                           .rule = v->rule,
                           .reason = tg_text(raised ? v->error : "the rule says critical")};
  for (uint32_t row = 0; row < b->rows; row++)
    if (b->fates[row] <= TG_TAG && (raised || names(b->issues[row], v->rule)))
      tg_batch_issue(b, row, &issue);
}

/* TG_FULL: cut it smaller. */
static enum tg_rc judge(struct replay *r, struct tg_batch *b, struct tg_err *err)
{
  struct tg_judgement j = {0};
  enum tg_rc rc = tg_batch_seal(b);
  if (rc == TG_OK) rc = open_segments(r, b, err);
  if (rc == TG_OK) rc = tg_decoder_run(r->decoder, b, err);
  if (rc == TG_OK) rc = tg_lookups_lend(r->generation->lookups, b, err);
  if (rc == TG_OK) rc = tg_program_run(r->program, b, &j, NULL, NULL, err);
  tg_lookups_return(b);
  for (uint32_t i = 0; rc == TG_OK && i < j.count; i++) {
    const struct tg_verdict_row *v = &j.rules[i];
    if (v->alarm == TG_ALARM_CRITICAL && !v->shadow) keep_out(b, v);
  }
  return rc == TG_DATA ? err->rc = TG_CONFIG : rc;
}

/* --- a piece: write --- */

static enum tg_rc write_piece(struct replay *r, struct tg_err *err)
{
  struct tg_loader_report report;
  if (r->conf->dry_run) return tg_pg_script(r->pg, "ROLLBACK", deadline(), err);
  return tg_replay_write(r->loader, &r->load, &report, err);
}

static enum tg_rc settle(struct replay *r, const struct tg_rejected_piece *piece,
                         struct tg_err *err)
{
  const struct tg_batch *b = &r->load.batches[0];
  r->after_part = piece->after_part, r->after_offset = piece->after_offset;
  r->left -= piece->rows;
  for (uint32_t i = 0; i < b->segments_count; i++) {
    struct source *s = &r->sources[b->segments[i].slot];
    s->judged += b->segments[i].rows;
    tg_stateset_commit(s->state, s->judged);
  }
  if (r->rows_max < PIECE_ROWS)
    r->rows_max = r->rows_max * 2 < PIECE_ROWS ? r->rows_max * 2 : PIECE_ROWS;
  return tg_replay_count_add(r->count, b) ? TG_OK
                                          : tg_err_set(err, TG_FATAL, "replay", "out of memory");
}

static void roll_back(struct replay *r)
{
  if (tg_pg_connected(r->pg)) tg_pg_script(r->pg, "ROLLBACK", deadline(), NULL);
}

/* One transaction. TG_AGAIN: nothing is left. TG_FULL, TG_DATA: cut it smaller than *rows. */
static enum tg_rc replay_piece(struct replay *r, uint32_t *rows, struct tg_err *err)
{
  struct tg_rejected_piece piece;
  bool fresh;
  enum tg_rc rc = tg_pg_connect(r->pg, &fresh, err);
  if (rc == TG_OK) rc = tg_pg_script(r->pg, BEGIN, deadline(), err);
  if (rc == TG_OK) rc = read_piece(r, &piece, err);
  *rows = rc == TG_OK ? piece.rows : 1;
  if (rc == TG_OK && !piece.rows) rc = TG_AGAIN;
  if (rc == TG_OK) rc = judge(r, &r->load.batches[0], err);
  if (rc != TG_OK) return roll_back(r), rc;
  rc = write_piece(r, err);
  return rc == TG_OK ? settle(r, &piece, err) : rc;
}

static enum tg_rc cut(struct replay *r, uint32_t rows, enum tg_rc why, struct tg_err *err)
{
  uint32_t smaller = why == TG_FULL ? rows / 2 : FEW_ROWS;
  if (smaller && smaller < rows) return r->rows_max = smaller, TG_OK;
  if (why == TG_DATA) return err->rc = TG_CONFIG;
  return tg_err_set(err, TG_CONFIG, "load.bytes",
                    "one event of %.*s does not fit into load.bytes once decoded; the rows before "
                    "it were replayed",
                    TG_TEXT(r->topic->name));
}

/* --- a topic --- */

static enum tg_rc nothing(void *self, const struct tg_rejected *row, struct tg_err *err)
{
  return (void)self, (void)row, (void)err, TG_OK;
}

/* *any: it has rows. They have a table to go to, and make no records for Kafka. */
static enum tg_rc look(struct replay *r, bool *any, struct tg_err *err)
{
  struct tg_rejected_piece piece = {
      .filter = &r->filter, .visit = nothing, .rows_max = 1, .bytes_max = 1, .after_offset = -1};
  bool created;
  const char *only = r->conf->filter.topic;
  if (only && strcmp(only, r->name) != 0) return *any = false, TG_OK;
  enum tg_rc rc = tg_rejected_read(r->pg, &piece, deadline(), err);
  *any = rc == TG_OK && piece.rows;
  if (!*any || r->conf->dry_run) return rc;
  if (r->topic->outputs_count && !r->conf->without_outputs)
    return tg_err_set(err, TG_CONFIG, r->name,
                      "its transform emits records to Kafka, and a replay makes none: "
                      "--without-outputs loads the rows all the same");
  return tg_table_prepare(r->pg, r->topic, TG_TABLE_KEEP, &created, deadline(), err);
}

static void close_topic(struct replay *r)
{
  for (uint32_t i = 0; i < r->sources_count; i++) tg_stateset_free(r->sources[i].state);
  r->sources_count = 0;
  tg_decoder_free(r->decoder);
  r->decoder = NULL;
}

/* Who replayed what, for the journal. */
static enum tg_rc put_down(struct replay *r, struct tg_err *err)
{
  char text[256];
  const uint64_t *n = r->count->fates;
  uint64_t rows = n[TG_LOAD] + n[TG_TAG] + n[TG_DROP] + n[TG_LATE] + n[TG_QUARANTINE];
  struct tg_note note = {
      .pipeline = r->config->pipeline, .kind = "quarantine", .topic = r->name, .message = text};
  if (r->conf->dry_run || !rows || !tg_pg_connected(r->pg)) return TG_OK;
  snprintf(text, sizeof text,
           "replayed by %.64s: %" PRIu64 " rows loaded, %" PRIu64 " dropped, %" PRIu64
           " late, %" PRIu64 " refused again",
           r->conf->user, n[TG_LOAD] + n[TG_TAG], n[TG_DROP], n[TG_LATE], n[TG_QUARANTINE]);
  return tg_journal_add(r->pg, &note, deadline(), err);
}

static enum tg_rc replay_topic(struct replay *r, const struct tg_topic *topic, struct tg_err *err)
{
  uint32_t rows;
  bool any;
  r->topic = topic;
  snprintf(r->name, sizeof r->name, "%.*s", TG_TEXT(topic->name));
  r->filter = r->conf->filter, r->filter.topic = r->name;
  r->rows_max = PIECE_ROWS, r->after_part = 0, r->after_offset = -1;
  enum tg_rc rc = look(r, &any, err);
  if (rc != TG_OK || !any) return rc;
  r->decoder = tg_decoder_new(topic);
  if (!r->decoder) return tg_err_set(err, TG_FATAL, "replay", "out of memory");
  while (rc == TG_OK && r->left) {
    rc = replay_piece(r, &rows, err);
    if (rc == TG_FULL || rc == TG_DATA) rc = cut(r, rows, rc, err);
  }
  if (rc == TG_AGAIN) rc = TG_OK;
  enum tg_rc noted = put_down(r, rc == TG_OK ? err : NULL);
  close_topic(r);
  tg_replay_count_end(r->count, topic->name);
  return rc == TG_OK ? noted : rc;
}

/* --- the run --- */

/* Rows whose script is gone or has another name wait for ever: somebody must know. */
static enum tg_rc tell_orphans(struct replay *r, struct tg_err *err)
{
  uint32_t count;
  struct tg_query q = {0};
  struct tg_buf names = {0};
  const struct tg_topic *const *topics = tg_program_topics(r->program, &count);
  if (r->conf->filter.topic) return TG_OK;
  tg_array_begin(&names);
  for (uint32_t t = 0; t < count; t++) tg_array_text(&names, topics[t]->name);
  tg_array_end(&names);
  tg_buf_str(&q.sql, "SELECT topic, count(*) FROM tidegate.quarantine q");
  tg_quarantine_where(&q, &r->conf->filter);
  tg_query_param(&q, " AND q.topic <> ALL (", tg_buf_cstr(&names));
  tg_buf_str(&q.sql, "::text[]) GROUP BY topic ORDER BY topic");
  enum tg_rc rc = tg_query_run(r->pg, &q, deadline(), err);
  tg_buf_fini(&names);
  for (uint32_t i = 0; rc == TG_OK && i < tg_pg_rows(r->pg); i++)
    fprintf(stderr, "%s rows of %s were left out: there is no script of that name any more\n",
            tg_pg_value(r->pg, i, 1), tg_pg_value(r->pg, i, 0));
  return rc;
}

static enum tg_rc keep_generation(struct replay *r, struct tg_err *err)
{
  struct tg_buf json;
  if (r->conf->dry_run) return TG_OK;
  tg_buf_init(&json, 0);
  tg_fileset_json(&r->generation->files, &json);
  enum tg_rc rc = tg_generation_keep(r->pg, r->config->pipeline, r->generation->files.sha256,
                                     tg_buf_cstr(&json), deadline(), err);
  tg_buf_fini(&json);
  return rc;
}

static enum tg_rc load_scripts(struct replay *r, struct tg_err *err)
{
  enum tg_rc rc = tg_generation_read(r->config, tg_cli_fault, NULL, &r->generation);
  if (rc == TG_OK) rc = tg_generation_program(r->generation, tg_cli_fault, NULL, &r->program);
  if (rc != TG_OK) return tg_err_set(err, rc, "replay", "the scripts are faulty");
  rc = tg_generation_shared(r->generation, r->program, err);
  if (rc == TG_OK) rc = tg_lookups_read(r->generation->lookups, r->hub, r->pg, err);
  return rc == TG_OK ? keep_generation(r, err) : rc;
}

static enum tg_rc open_all(struct replay *r, struct tg_err *err)
{
  struct tg_loader_conf conf = {.pipeline = r->config->pipeline, .transaction_us = PIECE_US};
  r->metrics = tg_metrics_new();
  r->hub = r->metrics ? tg_hub_new(r->config, r->metrics) : NULL;
  r->loader = tg_loader_new(&conf, r->pg);
  if (!r->hub || !r->loader) return tg_err_set(err, TG_FATAL, "replay", "out of memory");
  enum tg_rc rc = tg_load_init(&r->load, PIECE_ROWS, r->config->load_bytes, err);
  if (rc == TG_OK) rc = load_scripts(r, err);
  if (rc == TG_OK) r->load.generation = tg_program_sha256(r->program);
  return rc;
}

static void close_all(struct replay *r)
{
  tg_load_fini(&r->load);
  tg_loader_free(r->loader);
  tg_program_free(r->program);
  tg_generation_drop(r->generation);
  tg_hub_free(r->hub);
  tg_metrics_free(r->metrics);
  tg_buf_fini(&r->headers);
  free(r->sources);
}

enum tg_rc tg_replay_run(const struct tg_config *config, struct tg_pg *pg,
                         const struct tg_replay_conf *conf, struct tg_replay_count *count,
                         struct tg_err *err)
{
  struct tg_replay_conf mine = *conf;
  struct replay r = {.config = config, .conf = &mine, .pg = pg, .count = count};
  uint32_t topics_count = 0;
  mine.filter.status = "new";
  if (!mine.filter.parts) mine.filter.attempts_below = TG_REPLAY_ATTEMPTS_MAX;
  r.left = conf->filter.limit ? conf->filter.limit : UINT64_MAX;
  enum tg_rc rc = open_all(&r, err);
  const struct tg_topic *const *topics =
      rc == TG_OK ? tg_program_topics(r.program, &topics_count) : NULL;
  for (uint32_t t = 0; rc == TG_OK && t < topics_count; t++) rc = replay_topic(&r, topics[t], err);
  if (rc == TG_OK) rc = tell_orphans(&r, err);
  close_all(&r);
  return rc;
}
