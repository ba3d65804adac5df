/* The state of one rule without a key, and the overlay that judging works on. */
#include "core/state/cell.h"

#include <stdlib.h>

enum { VERSION = 1 };

struct slot {
  char name[TG_CELL_NAME_MAX + 1];
  struct tg_text bytes;   /* as committed; null: new */
  struct tg_model *model; /* NULL: not asked for in this overlay */
};

struct tg_cell {
  struct tg_buf kept;  /* what is committed */
  struct tg_buf next;  /* where a commit writes */
  struct tg_buf value; /* the overlay's, when it was set */
  bool set;
  struct tg_text old_value; /* in kept */
  struct slot slots[TG_CELL_MODELS_MAX];
  uint32_t slots_count;
};

struct tg_cell *tg_cell_new(void)
{
  struct tg_cell *cell = calloc(1, sizeof *cell);
  if (!cell) return NULL;
  tg_buf_init(&cell->kept, TG_CELL_BYTES_MAX);
  tg_buf_init(&cell->next, TG_CELL_BYTES_MAX);
  tg_buf_init(&cell->value, TG_CELL_BYTES_MAX);
  return cell;
}

void tg_cell_drop(struct tg_cell *cell)
{
  for (uint32_t i = 0; i < cell->slots_count; i++) tg_model_free(cell->slots[i].model);
  cell->slots_count = 0;
  cell->set = false;
  cell->old_value = tg_text(NULL);
}

void tg_cell_free(struct tg_cell *cell)
{
  if (!cell) return;
  tg_cell_drop(cell);
  tg_buf_fini(&cell->kept);
  tg_buf_fini(&cell->next);
  tg_buf_fini(&cell->value);
  free(cell);
}

/* --- bytes --- */

/* A null value is written as no bytes after a flag that says so. */
static void walk_value(struct tg_text *value, struct tg_codec *c)
{
  bool some = value->ptr != NULL;
  tg_codec_flag(c, &some);
  if (some) tg_codec_bytes(c, value);
}

static void read_slot(struct slot *s, struct tg_codec *c)
{
  struct tg_text name = {0};
  tg_codec_bytes(c, &name);
  tg_codec_bytes(c, &s->bytes);
  if (name.len == 0 || name.len > TG_CELL_NAME_MAX) c->bad = true;
  if (c->bad) return;
  memcpy(s->name, name.ptr, name.len);
  s->name[name.len] = 0;
}

/* Opens `bytes` as an overlay; false when they are no cell's. */
static bool read_cell(struct tg_cell *cell, struct tg_text bytes)
{
  struct tg_codec c = tg_codec_reader(bytes);
  uint32_t version = 0, count = 0;
  if (bytes.len == 0) return true;
  tg_codec_count32(&c, &version, VERSION);
  walk_value(&cell->old_value, &c);
  tg_codec_count32(&c, &count, TG_CELL_MODELS_MAX);
  for (uint32_t i = 0; i < count && !c.bad; i++) {
    cell->slots[i] = (struct slot){0};
    read_slot(&cell->slots[i], &c);
    cell->slots_count = i + 1;
  }
  return version == VERSION && tg_codec_whole(&c);
}

static void write_slot(struct slot *s, struct tg_codec *c)
{
  struct tg_text name = tg_text(s->name);
  struct tg_buf bytes;
  tg_codec_bytes(c, &name);
  if (!s->model) {
    tg_codec_bytes(c, &s->bytes);
    return;
  }
  tg_buf_init(&bytes, TG_CELL_BYTES_MAX);
  tg_model_save(s->model, &bytes);
  struct tg_text view = tg_buf_view(&bytes);
  tg_codec_bytes(c, &view);
  c->out->failed |= bytes.failed;
  tg_buf_fini(&bytes);
}

static void write_cell(struct tg_cell *cell)
{
  struct tg_codec c = tg_codec_writer(&cell->next);
  struct tg_text value = tg_cell_value(cell);
  uint32_t version = VERSION, count = cell->slots_count;
  tg_buf_clear(&cell->next);
  tg_codec_count32(&c, &version, VERSION);
  walk_value(&value, &c);
  tg_codec_count32(&c, &count, TG_CELL_MODELS_MAX);
  for (uint32_t i = 0; i < count; i++) write_slot(&cell->slots[i], &c);
}

static void swap(struct tg_cell *cell)
{
  struct tg_buf old = cell->kept;
  cell->kept = cell->next;
  cell->next = old;
}

/* --- the overlay --- */

void tg_cell_begin(struct tg_cell *cell)
{
  tg_cell_drop(cell);
  read_cell(cell, tg_buf_view(&cell->kept)); /* ours: they were written or checked here */
}

enum tg_rc tg_cell_commit(struct tg_cell *cell, struct tg_err *err)
{
  write_cell(cell);
  tg_cell_drop(cell);
  if (cell->next.failed) {
    return tg_err_set(err, TG_FULL, "state",
                      "the state of a rule is larger than %d KiB: keep less in s:set(), or take a "
                      "smaller window",
                      TG_CELL_BYTES_MAX >> 10);
  }
  swap(cell);
  return TG_OK;
}

struct tg_text tg_cell_value(const struct tg_cell *cell)
{
  if (!cell->set) return cell->old_value;
  return cell->value.len ? tg_buf_view(&cell->value) : tg_text("");
}

enum tg_rc tg_cell_set(struct tg_cell *cell, struct tg_text bytes, struct tg_err *err)
{
  tg_buf_clear(&cell->value);
  tg_buf_text(&cell->value, bytes);
  cell->set = !cell->value.failed && bytes.ptr;
  if (!bytes.ptr) cell->old_value = bytes;
  if (!cell->value.failed) return TG_OK;
  return tg_err_set(err, TG_FULL, "state", "%u bytes are more than the %d KiB that a rule may keep",
                    bytes.len, TG_CELL_BYTES_MAX >> 10);
}

static struct slot *find(struct tg_cell *cell, struct tg_text name)
{
  for (uint32_t i = 0; i < cell->slots_count; i++) {
    if (tg_text_is(name, cell->slots[i].name)) return &cell->slots[i];
  }
  return NULL;
}

static enum tg_rc add(struct tg_cell *cell, struct tg_text name, struct slot **out,
                      struct tg_err *err)
{
  if (name.len == 0 || name.len > TG_CELL_NAME_MAX || memchr(name.ptr, 0, name.len)) {
    return tg_err_set(err, TG_CONFIG, "state", "a model's name has 1 to %d bytes, none of them 0",
                      TG_CELL_NAME_MAX);
  }
  if (cell->slots_count == TG_CELL_MODELS_MAX) {
    return tg_err_set(err, TG_FULL, "state", "a rule keeps at most %d models", TG_CELL_MODELS_MAX);
  }
  *out = &cell->slots[cell->slots_count++];
  **out = (struct slot){0};
  memcpy((*out)->name, name.ptr, name.len);
  return TG_OK;
}

static bool same(const struct tg_model *m, const struct tg_model *other)
{
  const struct tg_model_conf *a = tg_model_conf_of(m), *b = tg_model_conf_of(other);
  return a->kind == b->kind && a->direction == b->direction && a->k == b->k &&
         a->alpha == b->alpha && a->beta == b->beta && a->gamma == b->gamma &&
         a->delta == b->delta && a->warmup == b->warmup && a->window == b->window &&
         a->cooldown == b->cooldown;
}

/* The slot's model when its settings are those of `fresh`; else fresh, unless the other one is
 * already in somebody's hands. Takes fresh. */
static enum tg_rc settle(struct slot *s, struct tg_model *fresh, struct tg_err *err)
{
  struct tg_model *m = s->model;
  bool handed_out = m != NULL;
  enum tg_rc rc = TG_OK;
  if (!m && s->bytes.ptr) rc = tg_model_load(s->bytes, &m, err);
  bool keep = rc == TG_OK && m && same(m, fresh);
  if (rc == TG_OK && handed_out && !keep) {
    rc = tg_err_set(err, TG_CONFIG, "state", "the model '%s' is in use with other settings",
                    s->name);
  }
  if (rc == TG_OK) s->model = keep ? m : fresh;
  if (rc != TG_OK || keep) tg_model_free(fresh);
  if (rc == TG_OK && !keep) tg_model_free(m);
  return rc;
}

enum tg_rc tg_cell_model(struct tg_cell *cell, struct tg_text name,
                         const struct tg_model_conf *conf, struct tg_model **out,
                         struct tg_err *err)
{
  struct slot *s = find(cell, name);
  struct tg_model *fresh;
  enum tg_rc rc = tg_model_new(conf, &fresh, err);
  if (rc != TG_OK) return rc;
  if (!s) rc = add(cell, name, &s, err);
  if (rc != TG_OK) {
    tg_model_free(fresh);
    return rc;
  }
  rc = settle(s, fresh, err);
  *out = s->model;
  return rc;
}

/* --- saved and restored --- */

struct tg_text tg_cell_bytes(const struct tg_cell *cell)
{
  return tg_buf_view(&cell->kept);
}

/* Every model must be readable: a damaged one is found now, not at a later batch. */
static enum tg_rc check_models(const struct tg_cell *cell, struct tg_err *err)
{
  struct tg_model *m;
  for (uint32_t i = 0; i < cell->slots_count; i++) {
    enum tg_rc rc = tg_model_load(cell->slots[i].bytes, &m, err);
    if (rc != TG_OK) return rc;
    tg_model_free(m);
  }
  return TG_OK;
}

enum tg_rc tg_cell_restore(struct tg_cell *cell, struct tg_text bytes, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  tg_cell_drop(cell);
  tg_buf_clear(&cell->next);
  tg_buf_text(&cell->next, bytes);
  if (cell->next.failed) {
    return tg_err_set(err, TG_FULL, "state", "%u bytes are more than a rule may keep", bytes.len);
  }
  if (read_cell(cell, tg_buf_view(&cell->next))) {
    rc = check_models(cell, err);
  } else {
    rc = tg_err_set(err, TG_DATA, "state", "these bytes are no state of version %d", VERSION);
  }
  if (rc == TG_OK) swap(cell);
  tg_cell_drop(cell);
  return rc;
}
