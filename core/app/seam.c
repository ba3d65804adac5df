/* Is this log the one that was loaded? */
#include "core/app/seam.h"

/* An event above event_bytes_max comes cut; the ledger's record may have been cut where this one is
 * not, or the other way round, when the setting has changed. Then its time alone decides. */
static bool comparable(const struct tg_event *e)
{
  return !e->oversize && e->key.len <= TG_CUT_BYTES && e->value.len <= TG_CUT_BYTES;
}

enum tg_seam_is tg_seam_record(const struct tg_seam *s, int64_t next, const struct tg_event *e)
{
  if (e->offset >= next) return TG_SEAM_UNKNOWN;
  if (e->offset != s->offset) return TG_SEAM_TORN;
  if (s->us >= 0 && e->kafka_us != s->us) return TG_SEAM_TORN;
  if (comparable(e) && tg_event_crc(e) != s->crc) return TG_SEAM_TORN;
  return TG_SEAM_HOLDS;
}

enum tg_marks_say tg_seam_marks(int64_t next, int64_t low, int64_t high)
{
  if (high < next) return TG_MARKS_TRUNCATED;
  return low > next ? TG_MARKS_GAP : TG_MARKS_GO_ON;
}
