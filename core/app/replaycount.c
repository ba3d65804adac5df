/* Counting a replay; see the header. */
#include "core/app/replaycount.h"

#include "core/base/buf.h"

#include <inttypes.h>
#include <stdlib.h>

enum { WHYS_MAX = 200, REASON_SHOWN = 120 };

struct tg_replay_why {
  char stage[16], rule[128], field[TG_NAME_BYTES_MAX + 1];
  char reason[256]; /* of the first row */
  uint64_t rows;
};

static const struct tg_issue *deciding(const struct tg_batch *b, uint32_t row)
{
  static const struct tg_issue lost = {.stage = TG_STAGE_RULE};
  const struct tg_issue *i = b->issues ? b->issues[row] : NULL;
  while (i && i->fate != TG_QUARANTINE) i = i->next;
  return i ? i : &lost;
}

static bool same(const struct tg_replay_why *a, const struct tg_replay_why *b)
{
  return strcmp(a->stage, b->stage) == 0 && strcmp(a->rule, b->rule) == 0 &&
         strcmp(a->field, b->field) == 0;
}

/* Beyond WHYS_MAX rows are counted with the last one. */
static bool count_why(struct tg_replay_count *c, const struct tg_issue *i)
{
  struct tg_replay_why w = {.rows = 0};
  snprintf(w.stage, sizeof w.stage, "%s", tg_stage_name(i->stage));
  snprintf(w.rule, sizeof w.rule, "%s", i->rule ? i->rule : "");
  snprintf(w.field, sizeof w.field, "%.*s", TG_TEXT(i->field));
  snprintf(w.reason, sizeof w.reason, "%.*s", TG_TEXT(i->reason));
  uint32_t at = 0;
  if (!c->whys && !(c->whys = calloc(WHYS_MAX, sizeof *c->whys))) return false;
  while (at < c->whys_count && at < WHYS_MAX - 1 && !same(&c->whys[at], &w)) at++;
  if (at == c->whys_count) c->whys[c->whys_count++] = w;
  c->whys[at].rows++;
  return true;
}

bool tg_replay_count_add(struct tg_replay_count *c, const struct tg_batch *b)
{
  bool good = true;
  c->rows += b->rows;
  for (uint32_t row = 0; row < b->rows; row++) {
    c->fates[b->fates[row]]++;
    if (b->fates[row] == TG_QUARANTINE) good &= count_why(c, deciding(b, row));
  }
  return good;
}

static void print_json(const struct tg_replay_count *c, struct tg_text topic, struct tg_buf *out)
{
  tg_buf_str(out, "{\"topic\":");
  tg_buf_json(out, topic);
  tg_buf_printf(out, ",\"dry_run\":%s,\"loaded\":%" PRIu64 ",\"tagged\":%" PRIu64,
                c->dry_run ? "true" : "false", c->fates[TG_LOAD] + c->fates[TG_TAG],
                c->fates[TG_TAG]);
  tg_buf_printf(out, ",\"late\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"refused\":%" PRIu64,
                c->fates[TG_LATE], c->fates[TG_DROP], c->fates[TG_QUARANTINE]);
  tg_buf_str(out, ",\"refused_by\":[");
  for (uint32_t i = 0; i < c->whys_count; i++) {
    const struct tg_replay_why *w = &c->whys[i];
    const char *const keys[] = {"stage", "rule", "field", "reason"};
    const char *const texts[] = {w->stage, w->rule, w->field, w->reason};
    tg_buf_printf(out, "%s{\"rows\":%" PRIu64, i ? "," : "", w->rows);
    for (int k = 0; k < 4; k++) {
      tg_buf_printf(out, ",\"%s\":", keys[k]);
      if (*texts[k])
        tg_buf_json(out, tg_text(texts[k]));
      else
        tg_buf_str(out, "null");
    }
    tg_buf_char(out, '}');
  }
  tg_buf_str(out, "]}\n");
}

static void print_text(const struct tg_replay_count *c, struct tg_text topic, struct tg_buf *out)
{
  const char *would = c->dry_run ? "would be " : "";
  tg_buf_printf(out,
                "%.*s: %" PRIu64 " rows %sloaded (%" PRIu64 " of them tagged), %" PRIu64
                " dropped, %" PRIu64 " late, %" PRIu64 " %srefused again\n",
                TG_TEXT(topic), c->fates[TG_LOAD] + c->fates[TG_TAG], would, c->fates[TG_TAG],
                c->fates[TG_DROP], c->fates[TG_LATE], c->fates[TG_QUARANTINE], would);
  for (uint32_t i = 0; i < c->whys_count; i++) {
    const struct tg_replay_why *w = &c->whys[i];
    char shown[REASON_SHOWN + 1];
    tg_buf_printf(out, "  %8" PRIu64 "  %s %s: %s\n", w->rows, w->stage,
                  *w->rule    ? w->rule
                  : *w->field ? w->field
                              : "-",
                  tg_text_shown(tg_text(w->reason), shown, sizeof shown));
  }
}

void tg_replay_count_end(struct tg_replay_count *c, struct tg_text topic)
{
  struct tg_buf out;
  uint64_t rows = 0;
  for (int f = 0; f < TG_FATES; f++) rows += c->fates[f];
  tg_buf_init(&out, 0);
  if (rows && c->json)
    print_json(c, topic, &out);
  else if (rows)
    print_text(c, topic, &out);
  fputs(tg_buf_cstr(&out), c->to);
  tg_buf_fini(&out);
  free(c->whys);
  c->whys = NULL, c->whys_count = 0;
  memset(c->fates, 0, sizeof c->fates);
}
