/* Sets of summaries by name. */
#include "core/state/measured.h"

#include "core/state/pack.h"

bool tg_measured_put(struct tg_measured *m, struct tg_text name, struct tg_summary *summary)
{
  if (m->count == TG_MEASURED_PARTS_MAX || name.len > TG_MEASURED_NAME_MAX) return false;
  uint32_t at = m->count;
  while (at > 0 && tg_text_cmp(m->parts[at - 1].name, name) > 0) at--;
  if (at > 0 && tg_text_eq(m->parts[at - 1].name, name)) return false;
  for (uint32_t i = m->count; i > at; i--) m->parts[i] = m->parts[i - 1];
  m->parts[at] = (struct tg_measured_part){name, summary};
  m->count++;
  return true;
}

static bool same_parts(const struct tg_measured *a, const struct tg_measured *b)
{
  bool same = a->count == b->count && a->single == b->single;
  for (uint32_t i = 0; same && i < a->count; i++)
    same = tg_text_eq(a->parts[i].name, b->parts[i].name) &&
           a->parts[i].summary->kind == b->parts[i].summary->kind;
  return same;
}

enum tg_rc tg_measured_merge(struct tg_measured *m, const struct tg_measured *other,
                             struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  if (!same_parts(m, other))
    return tg_err_set(err, TG_CONFIG, "measured", "%u and %u parts of different rules", m->count,
                      other->count);
  for (uint32_t i = 0; rc == TG_OK && i < m->count; i++)
    rc = tg_summary_merge(m->parts[i].summary, other->parts[i].summary, err);
  if (rc == TG_OK) m->rows += other->rows;
  return rc;
}

static void pack_text(struct tg_buf *out, struct tg_text t)
{
  tg_pack_varint(out, t.len);
  tg_buf_text(out, t);
}

bool tg_measured_write(struct tg_measured *m, struct tg_buf *out)
{
  struct tg_buf one;
  bool good = true;
  tg_buf_init(&one, 0);
  tg_pack_u8(out, TG_MEASURED_VERSION);
  tg_pack_u8(out, m->single);
  tg_pack_varint(out, m->rows);
  tg_pack_varint(out, m->count);
  for (uint32_t i = 0; good && i < m->count; i++) {
    tg_buf_clear(&one);
    good = tg_summary_write(m->parts[i].summary, &one);
    pack_text(out, m->parts[i].name);
    pack_text(out, tg_buf_view(&one));
  }
  tg_buf_fini(&one);
  return good && !out->failed;
}

static struct tg_text unpack_text(struct tg_unpack *in, uint64_t max)
{
  uint64_t len = tg_unpack_count(in, max);
  const uint8_t *bytes = tg_unpack_bytes(in, len);
  return bytes ? tg_text_of((const char *)bytes, len) : tg_text("");
}

static enum tg_rc damaged(struct tg_text bytes, struct tg_err *err)
{
  return tg_err_set(err, TG_DATA, "measured", "%u bytes are no measure of version %d", bytes.len,
                    TG_MEASURED_VERSION);
}

static enum tg_rc read_part(struct tg_measured *m, struct tg_unpack *in, struct tg_arena *arena,
                            struct tg_err *err)
{
  struct tg_summary *s;
  struct tg_text name = unpack_text(in, TG_MEASURED_NAME_MAX);
  struct tg_text bytes = unpack_text(in, UINT32_MAX);
  if (in->bad) return damaged(bytes, err);
  struct tg_text kept = tg_arena_copy(arena, name);
  if (!kept.ptr) return tg_err_set(err, TG_FULL, "measured", "no memory left to read a measure");
  enum tg_rc rc = tg_summary_read(arena, bytes, &s, err);
  if (rc != TG_OK) return rc;
  bool ascends = m->count == 0 || tg_text_cmp(m->parts[m->count - 1].name, kept) < 0;
  return ascends && tg_measured_put(m, kept, s) ? TG_OK : damaged(bytes, err);
}

enum tg_rc tg_measured_read(struct tg_arena *arena, struct tg_text bytes, struct tg_measured **out,
                            struct tg_err *err)
{
  struct tg_unpack in = tg_unpack_of(bytes);
  uint8_t version = tg_unpack_u8(&in), single = tg_unpack_u8(&in);
  struct tg_measured *m = tg_arena_zalloc(arena, 1, sizeof *m);
  if (!m) return tg_err_set(err, TG_FULL, "measured", "no memory left to read a measure");
  m->single = single;
  m->rows = tg_unpack_varint(&in);
  uint64_t count = tg_unpack_count(&in, TG_MEASURED_PARTS_MAX);
  if (in.bad || version != TG_MEASURED_VERSION || single > 1 || (single && count != 1))
    return damaged(bytes, err);
  enum tg_rc rc = TG_OK;
  for (uint64_t i = 0; rc == TG_OK && i < count; i++) rc = read_part(m, &in, arena, err);
  if (rc == TG_OK && in.at != in.end) return damaged(bytes, err);
  *out = m;
  return rc;
}
