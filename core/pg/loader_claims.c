/* The claims behind a load: renewed on a new connection, compared with the chains after an unknown
 * COMMIT. */
#include "core/pg/attempt.h"

#include "core/base/fault.h"
#include "core/pg/array.h"

#include <stdlib.h>

static uint32_t count_live(const struct tg_load *load)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < load->batches_count; i++)
    for (uint32_t j = 0; j < load->batches[i].segments_count; j++)
      n += tg_segment_live(&load->batches[i], &load->batches[i].segments[j]);
  return n;
}

/* The claims of all live segments, in their order. */
static void fill(const struct tg_load *load, struct tg_claim *claims)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < load->batches_count; i++) {
    const struct tg_batch *b = &load->batches[i];
    for (uint32_t j = 0; j < b->segments_count; j++) {
      const struct tg_segment *s = &b->segments[j];
      if (!tg_segment_live(b, s)) continue;
      claims[n++] = (struct tg_claim){.topic = "",
                                      .partition = s->partition,
                                      .partition_id = s->partition_id,
                                      .claim_id = s->claim_id};
    }
  }
}

/* One of our chains ending where the load ends shows that all of it was committed: only we could do
 * that. */
static bool was_committed(const struct tg_load *load, const struct tg_claim *claims)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < load->batches_count; i++) {
    const struct tg_batch *b = &load->batches[i];
    for (uint32_t j = 0; j < b->segments_count; j++) {
      if (!tg_segment_live(b, &b->segments[j])) continue;
      const struct tg_claim *c = &claims[n++];
      if (c->mine && c->next == b->segments[j].to) return true;
    }
  }
  return false;
}

static void mark_fenced(struct tg_attempt *a, const struct tg_claim *claims)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < a->load->batches_count; i++) {
    struct tg_batch *b = &a->load->batches[i];
    for (uint32_t j = 0; j < b->segments_count; j++) {
      struct tg_segment *s = &b->segments[j];
      if (!tg_segment_live(b, s)) continue;
      const struct tg_claim *c = &claims[n++];
      if (c->mine && c->next == s->from) continue;
      s->gone = true;
      s->moved = c->mine;
      a->report->fenced++;
    }
  }
}

enum tg_rc tg_attempt_renew(struct tg_attempt *a, bool *committed)
{
  uint32_t count = count_live(a->load);
  *committed = false;
  if (count == 0 || tg_fault("no.fencing")) return TG_OK;
  struct tg_claim *claims = calloc(count, sizeof *claims);
  if (!claims) return tg_err_set(a->err, TG_RETRY, "pg", "no memory for %u claims", count);
  fill(a->load, claims);
  enum tg_rc rc = tg_claim_renew(a->l->pg, claims, count, a->deadline_us, a->err);
  if (rc == TG_OK && a->l->unknown) *committed = was_committed(a->load, claims);
  if (rc == TG_OK && !*committed) mark_fenced(a, claims);
  free(claims);
  return rc;
}

enum tg_rc tg_attempt_evict(struct tg_attempt *a, uint32_t *ended)
{
  struct tg_buf *ids = &a->l->text;
  *ended = 0;
  if (tg_fault("no.fencing")) return TG_OK;
  tg_buf_clear(ids);
  tg_array_begin(ids);
  for (uint32_t i = 0; i < a->load->batches_count; i++)
    for (uint32_t j = 0; j < a->load->batches[i].segments_count; j++)
      tg_array_int(ids, a->load->batches[i].segments[j].partition_id);
  tg_array_end(ids);
  const char *params[] = {tg_buf_cstr(ids)};
  enum tg_rc rc = tg_pg_query(a->l->pg, "SELECT tidegate.claim_evict_v1($1::int[], true)", params,
                              1, a->deadline_us, a->err);
  if (rc == TG_OK) *ended = (uint32_t)strtoul(tg_pg_value(a->l->pg, 0, 0), NULL, 10);
  return rc;
}
