/* Finding the rows that PostgreSQL refuses. Chunks of rows are copied behind savepoints; the
 * error's context names the line of the COPY, and where it names none (foreign keys) the range is
 * halved.
 *
 *   SAVEPOINT; COPY [0,1024)     ok     -> RELEASE, next chunk
 *   SAVEPOINT; COPY [1024,2048)  line 7 -> ROLLBACK TO; note row 1030; again without it
 *
 * Rows are marked only when the whole batch is through: a batch that used up its budget is held as
 * it was, since the operator may repair the table. */
#include "core/pg/attempt.h"

#include "core/base/clock.h"
#include "core/base/grow.h"
#include "core/pg/sqlstate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  CHUNK_ROWS = 1024,
  FAILURES_MAX = 64,
  RANGES_MAX = 2 * FAILURES_MAX + 2,
  REASON_BYTES = 400
};
#define BUDGET_US (10 * TG_SEC)

struct note { /* a refused row */
  uint32_t row;
  char reason[REASON_BYTES];
};

struct range {
  uint32_t row, end;
};

struct search {
  struct tg_attempt *a;
  struct tg_batch *b;
  const char *before; /* what ends the savepoint of the COPY before, sent with the next one */
  struct note *notes; /* owned */
  uint32_t notes_count, notes_size;
  struct range ranges[RANGES_MAX];
  uint32_t ranges_count, failures; /* of the present chunk */
  int64_t until_us;
};

/* "COPY orders, line 7, column amount": the number behind the table's name in the last line of the
 * context, whatever the server's language. */
uint32_t tg_attempt_line(const struct tg_pg *pg, const struct tg_batch *b)
{
  const char *context = tg_wire_field(pg, PG_DIAG_CONTEXT), *last = strrchr(context, '\n');
  char name[TG_NAME_BYTES_MAX + 1];
  snprintf(name, sizeof name, "%.*s", TG_TEXT(b->topic->table));
  const char *at = strstr(last ? last : context, name);
  if (!at) return 0;
  at += strlen(name);
  while (*at && !isdigit((unsigned char)*at)) at++;
  return (uint32_t)strtoul(at, NULL, 10);
}

static bool copied(const struct tg_batch *b, const struct tg_segment *s, uint32_t row)
{
  return !s->gone && (b->fates[row] == TG_LOAD || b->fates[row] == TG_TAG);
}

/* The row that was line `line` of a COPY of the range; range.end when there is none. */
static uint32_t row_of_line(const struct tg_batch *b, struct range range, uint32_t line)
{
  for (uint32_t i = 0; i < b->segments_count; i++) {
    const struct tg_segment *s = &b->segments[i];
    uint32_t row = s->row > range.row ? s->row : range.row;
    for (; row < s->row + s->rows && row < range.end; row++)
      if (copied(b, s, row) && --line == 0) return row;
  }
  return range.end;
}

static void push(struct search *s, uint32_t row, uint32_t end)
{
  if (row < end) s->ranges[s->ranges_count++] = (struct range){row, end};
}

/* Remembers the row with the server's message. */
static enum tg_rc note(struct search *s, uint32_t row)
{
  if (!tg_grow(&s->notes, s->notes_count, &s->notes_size, sizeof *s->notes))
    return tg_err_set(s->a->err, TG_RETRY, "pg", "no memory for refused rows");
  struct note *n = &s->notes[s->notes_count++];
  const char *detail = tg_wire_field(s->a->l->pg, PG_DIAG_MESSAGE_DETAIL);
  n->row = row;
  snprintf(n->reason, sizeof n->reason, "%s: %s%s%s", tg_pg_sqlstate(s->a->l->pg),
           tg_wire_field(s->a->l->pg, PG_DIAG_MESSAGE_PRIMARY), *detail ? "; " : "", detail);
  for (char *p = n->reason; *p; p++)
    if (*p == '\n' || *p == '\r') *p = ' ';
  return TG_OK;
}

/* A COPY of the range was refused: notes the row or cuts the range. */
static enum tg_rc narrow(struct search *s, struct range range)
{
  uint32_t line = tg_attempt_line(s->a->l->pg, s->b);
  uint32_t bad = line ? row_of_line(s->b, range, line) : range.end;
  if (bad == range.end && tg_attempt_live(s->b, range.row, range.end) == 1)
    bad = row_of_line(s->b, range, 1);
  if (bad < range.end) {
    push(s, bad + 1, range.end);
    push(s, range.row, bad);
    return note(s, bad);
  }
  uint32_t middle = range.row + (range.end - range.row) / 2;
  push(s, middle, range.end);
  push(s, range.row, middle);
  return TG_OK;
}

static bool exhausted(const struct search *s)
{
  return s->failures > FAILURES_MAX || tg_clock_mono_us() > s->until_us;
}

/* Copies one range, or learns more about it. */
static enum tg_rc try_range(struct search *s, struct range range)
{
  struct tg_pg *pg = s->a->l->pg;
  char prefix[128];
  if (tg_attempt_live(s->b, range.row, range.end) == 0) return TG_OK;
  snprintf(prefix, sizeof prefix, "%sSAVEPOINT tidegate; ", s->before);
  enum tg_rc rc = tg_attempt_copy_rows(s->a, s->b, prefix, range.row, range.end);
  s->before = "RELEASE SAVEPOINT tidegate; ";
  if (rc == TG_OK || !tg_pg_connected(pg) || !*tg_pg_sqlstate(pg)) return rc;
  bool line = tg_attempt_line(pg, s->b) > 0;
  if (tg_sqlstate_class(tg_pg_sqlstate(pg), TG_AT_TARGET, line) != TG_SQL_DATA) return rc;
  s->before = "ROLLBACK TO SAVEPOINT tidegate; RELEASE SAVEPOINT tidegate; ";
  s->failures++;
  if (exhausted(s)) return TG_DATA;
  return narrow(s, range);
}

static enum tg_rc try_chunk(struct search *s, uint32_t row, uint32_t end)
{
  enum tg_rc rc = TG_OK;
  s->failures = 0;
  push(s, row, end);
  while (rc == TG_OK && s->ranges_count) rc = try_range(s, s->ranges[--s->ranges_count]);
  return rc;
}

static void mark(struct search *s)
{
  for (uint32_t i = 0; i < s->notes_count; i++) {
    struct tg_issue issue = {
        .fate = TG_QUARANTINE, .stage = TG_STAGE_LOAD, .reason = tg_text(s->notes[i].reason)};
    tg_batch_issue(s->b, s->notes[i].row, &issue);
  }
  s->a->report->refused += s->notes_count;
}

static enum tg_rc run(struct tg_attempt *a, const char *sql)
{
  enum tg_rc rc = tg_wire_send(a->l->pg, sql, a->deadline_us, a->err);
  return rc == TG_OK ? tg_wire_drain(a->l->pg, a->deadline_us, a->err) : rc;
}

enum tg_rc tg_attempt_check_at_once(struct tg_attempt *a)
{
  char sql[64];
  snprintf(sql, sizeof sql, "%sSET CONSTRAINTS ALL IMMEDIATE", tg_attempt_begin(a));
  return run(a, sql);
}

enum tg_rc tg_attempt_isolate(struct tg_attempt *a, struct tg_batch *b)
{
  struct search s = {.a = a, .b = b, .before = "", .until_us = tg_clock_mono_us() + BUDGET_US};
  enum tg_rc rc = TG_OK;
  for (uint32_t row = 0; rc == TG_OK && row < b->rows; row += CHUNK_ROWS) {
    uint32_t end = b->rows - row > CHUNK_ROWS ? row + CHUNK_ROWS : b->rows;
    rc = try_chunk(&s, row, end);
  }
  if (rc == TG_OK && *s.before) rc = run(a, s.before);
  if (rc == TG_OK) mark(&s);
  free(s.notes);
  return rc;
}
