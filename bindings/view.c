/* Views of batches: taking rows out, putting results back. */
#include "bindings/view.h"

#include "core/data/emitted.h"

static enum tg_rc full(struct tg_err *err)
{
  return tg_err_set(err, TG_FULL, "load.bytes", "a working copy of the batch does not fit");
}

/* Own fates and issues, beginning as b's fates and without issues. */
static bool own_fates(struct tg_batch *b, const uint32_t *rows, struct tg_batch *view)
{
  view->fates = tg_arena_alloc(b->arena, view->rows);
  view->issues = tg_arena_zalloc(b->arena, view->rows, sizeof *view->issues);
  view->columns = tg_arena_zalloc(b->arena, b->topic->fields_count, sizeof(void *));
  if (!view->fates || !view->issues || !view->columns) return false;
  for (uint32_t i = 0; i < view->rows; i++) view->fates[i] = b->fates[rows ? rows[i] : i];
  view->issues_count = view->issues_lost = 0;
  view->emits = NULL, view->emits_count = 0;
  return true;
}

enum tg_rc tg_view_all(struct tg_batch *b, struct tg_batch *view, struct tg_err *err)
{
  *view = *b;
  if (!own_fates(b, NULL, view)) return full(err);
  memcpy(view->columns, b->columns, b->topic->fields_count * sizeof *view->columns);
  return TG_OK;
}

/* to[i] = from[rows[i]] */
static void gather(const struct tg_column *from, const uint32_t *rows, struct tg_column *to)
{
  size_t width = tg_type_width(from->type);
  const char *src = from->v.any;
  char *dst = to->v.any;
  for (uint32_t i = 0; i < to->rows; i++) memcpy(dst + i * width, src + rows[i] * width, width);
  for (uint32_t i = 0; from->nul && i < to->rows; i++) to->nul[i] = from->nul[rows[i]];
}

/* to[rows[i]] = from[i]; the other rows are null. */
static void scatter(const struct tg_column *from, const uint32_t *rows, struct tg_column *to)
{
  size_t width = tg_type_width(from->type);
  const char *src = from->v.any;
  char *dst = to->v.any;
  bool mask = tg_type_store(from->type) == TG_STORE_MASK;
  memset(mask ? to->v.mask : to->nul, mask ? TG_UNKNOWN : TG_NULL, to->rows);
  for (uint32_t i = 0; i < from->rows; i++) {
    memcpy(dst + rows[i] * width, src + i * width, width);
    to->nul[rows[i]] = from->nul ? from->nul[i] : TG_SOME;
  }
}

static bool gather_events(struct tg_batch *b, const uint32_t *rows, struct tg_batch *view)
{
  view->events = tg_arena_alloc(b->arena, view->rows * sizeof *view->events);
  for (uint32_t i = 0; view->events && i < view->rows; i++) view->events[i] = b->events[rows[i]];
  return view->events != NULL;
}

enum tg_rc tg_view_rows(struct tg_batch *b, const uint32_t *rows, uint32_t count,
                        struct tg_batch *view, struct tg_err *err)
{
  *view = *b;
  view->rows = view->rows_max = count;
  view->segments = NULL, view->segments_count = 0;
  if (!own_fates(b, rows, view) || !gather_events(b, rows, view)) return full(err);
  for (uint32_t i = 0; i < b->topic->fields_count; i++) {
    const struct tg_column *from = b->columns[i];
    struct tg_column *to = tg_column_new(b->arena, from->type, count, from->nul != NULL);
    if (!to) return full(err);
    gather(from, rows, to);
    view->columns[i] = to;
  }
  return TG_OK;
}

/* The view's columns at b's rows, in out. */
static bool spread(struct tg_batch *b, const struct tg_batch *view, const uint32_t *rows,
                   struct tg_column **out)
{
  for (uint32_t i = 0; i < b->topic->fields_count; i++) {
    struct tg_column *from = view->columns[i];
    out[i] = tg_column_new(b->arena, from->type, b->rows, true);
    if (!out[i]) return false;
    scatter(from, rows, out[i]);
  }
  return true;
}

/* A fate always comes with an issue. */
static void keep_issues(struct tg_batch *b, const struct tg_batch *view, const uint32_t *rows)
{
  for (uint32_t i = 0; i < view->rows; i++) {
    for (struct tg_issue *issue = view->issues[i]; issue; issue = issue->next) {
      tg_batch_issue(b, rows ? rows[i] : i, issue);
    }
  }
}

enum tg_rc tg_view_keep(struct tg_batch *b, const struct tg_batch *view, const uint32_t *rows,
                        struct tg_err *err)
{
  uint32_t count = b->topic->fields_count;
  struct tg_column **columns = view->columns;
  if (rows) {
    columns = tg_arena_zalloc(b->arena, count, sizeof(void *));
    if (!columns || !spread(b, view, rows, columns)) return full(err);
  }
  b->columns = columns;
  keep_issues(b, view, rows);
  tg_emit_adopt(b, view->emits, rows);
  return TG_OK;
}
