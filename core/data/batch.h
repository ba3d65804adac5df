/* A batch is all events of one topic in one load, decoded into columns; each partition in it is a
 * segment.
 *
 *   partition 3   ..17  18  19  [21  22  25  26]  27..     gaps are legal: compaction, transaction
 *   markers
 *                                from ---------- to        to = the next offset to read
 *
 * Life: add events in the order they come -> seal (groups rows by partition, offsets ascending,
 * makes segments)
 * -> decode -> transform and judge (fates, issues) -> load -> reset.
 * Memory: everything a batch points to lives in its load's arena; resetting the load frees all of
 * it at once.
 * Thread: exactly one at a time; handing the load over hands over the arena. */
#ifndef TG_DATA_BATCH_H
#define TG_DATA_BATCH_H

#include "core/data/column.h"
#include "core/data/topic.h"

/* Where a row ends. The strongest wins: a larger value replaces a smaller one, never the reverse.
 */
#define TG_FATE_LIST(X)                                                                            \
  X(TG_LOAD, "load")                                                                               \
  X(TG_TAG, "tag")                                                                                 \
  X(TG_DROP, "drop")                                                                               \
  X(TG_LATE, "late")                                                                               \
  X(TG_QUARANTINE, "quarantine")
enum tg_fate {
#define X(code, name) code,
  TG_FATE_LIST(X)
#undef X
      TG_FATES
};
const char *tg_fate_name(enum tg_fate fate);

enum tg_stage { TG_STAGE_DECODE, TG_STAGE_TRANSFORM, TG_STAGE_RULE, TG_STAGE_LOAD };
const char *tg_stage_name(enum tg_stage stage);

struct tg_event { /* one Kafka message; 80 bytes */
  uint32_t slot;  /* the lane's number of its partition */
  int32_t partition;
  int64_t offset;
  int64_t kafka_us; /* Kafka timestamp */
  uint32_t size;    /* bytes of the value as it came; larger than value.len when that was cut */
  bool oversize;    /* above event_bytes_max: value holds the first 64 KiB; quarantined at decode */
  struct tg_text key;     /* ptr NULL: null key */
  struct tg_text value;   /* ptr NULL: tombstone; TG_ARENA_PAD readable bytes follow */
  struct tg_text headers; /* packed, see tg_headers_next() */
};

enum { TG_CUT_BYTES = 64 << 10 }; /* what is kept of an oversize value or key */

/* CRC-32 (zlib's) of key and value behind each other, as far as they are here. */
uint32_t tg_event_crc(const struct tg_event *e);

/* Why a row is not simply loaded. A row keeps all its issues, in the order they were found. */
struct tg_issue {
  struct tg_issue *next;
  enum tg_fate fate;
  enum tg_stage stage;
  const char *rule;      /* rule id, or NULL */
  struct tg_text field;  /* or empty */
  struct tg_text reason; /* one line: names the column, shows the value and the bound */
};

/* The issue that sent a row to the quarantine; NULL when its text was left out. */
static inline const struct tg_issue *tg_issue_deciding(const struct tg_issue *i)
{
  while (i && i->fate != TG_QUARANTINE) i = i->next;
  return i;
}

struct tg_stateset; /* core/state */

struct tg_segment {
  uint32_t slot;      /* the lane's number of the partition */
  int32_t partition;  /* Kafka's number */
  uint32_t row, rows; /* its rows in the batch */
  int64_t from, to;   /* offsets: next after the previous segment, next to read */
  int64_t kafka_us_max;
  int64_t last_offset, last_us; /* last record, for the seam check; -1 when rows is 0 */
  uint32_t last_crc;            /* CRC-32 of key + value of it */
  uint32_t epoch;               /* the lane's number of the claim it was read under */
  int32_t partition_id;         /* tidegate.partition.id */
  int64_t claim_id;
  struct tg_stateset *state; /* what the partition's rules remember; the lane's, or NULL */
  bool gone;                 /* fenced or held: not part of the load any more */
  bool moved; /* gone although the claim is ours: a former owner's last commit came first */
};

/* What a rule measured over the rows of one window of Kafka time; written with the load. */
struct tg_windowed {
  const char *rule; /* id; borrowed from the program */
  int64_t start_us, over_us;
  struct tg_text data; /* bytes of core/state/measured.h, in the batch's arena */
};

struct tg_lookup_set; /* lookup.h */
struct tg_emit;       /* emitted.h */

struct tg_batch {
  const struct tg_topic *topic; /* borrowed; the generation outlives its loads */
  struct tg_arena *arena;       /* the load's; borrowed */
  uint32_t rows, rows_max;
  struct tg_event *events; /* `rows` of them are set; NULL before the first */
  uint32_t
      events_size; /* room in events: grows from rows_hint by doubling, copied inside the arena */
  uint32_t row_bytes; /* what seal and decode will take for a row, without its texts */
  uint32_t rows_hint; /* how many are expected, so that a full batch never grows; 0 = unknown */
  struct tg_segment *segments;
  uint32_t segments_count;
  struct tg_column **columns; /* one per field of the topic; NULL before decode */
  uint8_t *fates;             /* enum tg_fate, one a row; from seal on */
  struct tg_issue *
      *issues; /* one list a row; from seal on, so that no row can lack room for its reason */
  uint32_t issues_count, issues_lost; /* lost: texts left out beyond the cap; fates still hold */
  uint32_t issue_bytes;               /* held by all issues, for their cap */
  struct tg_issue *leftovers;         /* what rows point to whose reason found no room */
  struct tg_text reason_last;         /* the newest reason: a rule's rows share one copy */
  uint64_t serial; /* unique per process; a script's handle on a dead batch is told by it */
  bool held;       /* the whole topic leaves this load */
  const struct tg_verdict_note *verdicts; /* verdict.h: of its rules, worth telling; in the arena */
  uint32_t verdicts_count;
  bool apart; /* held for this load only: a segment left it, and `windows` tell of all */
  struct tg_windowed *windows; /* windows_count of them, in the order they were measured */
  uint32_t windows_count, windows_size;
  struct tg_emit *emits; /* records for Kafka, a list, in the order transform asked for them */
  uint32_t emits_count;
  const struct tg_lookup_set *lookups; /* while it is judged: the snapshots it sees, or NULL */
  struct tg_text lookups_used;         /* for the ledger: a JSON object name -> version, or empty */
  int64_t refused_to; /* decode refuses, unseen, what is below this offset; 0: nothing */
  bool later;         /* the load was split: this batch goes with its next transaction */
  bool done;          /* .. and was committed with an earlier one */
  bool too_big;       /* held because the server takes too long for it alone: to be cut smaller */
};

enum { TG_ISSUES_PER_ROW_MAX = 16, TG_ISSUE_BYTES_MAX = 4 << 20, TG_REASON_BYTES_MAX = 1024 };

/* Starts an empty batch for up to rows_max events. Takes no memory before the first event, so
 * that idle topics cost nothing. TG_FULL at the arena's cap. */
enum tg_rc tg_batch_init(struct tg_batch *b, const struct tg_topic *topic, struct tg_arena *arena,
                         uint32_t rows_max);

/* Appends one event; key, value and headers are copied into the arena.
 * TG_FULL when rows or bytes reach their cap; the batch is unchanged. */
enum tg_rc tg_batch_add(struct tg_batch *b, const struct tg_event *event);

/* Groups rows by slot (small numbers), offsets ascending, and makes the segments (from = first
 * offset, to = last + 1; the lane then widens them to the chain). Fates are all LOAD. Once per
 * batch; nothing can be added after it.
 * TG_FULL at the arena's cap, the batch is unchanged then.  TG_FATAL: the offsets of a partition
 * do not ascend, so the consumer delivered something twice; loading it would break the chain. */
enum tg_rc tg_batch_seal(struct tg_batch *b);

/* Gives row this fate if it is stronger, and keeps the reason. field, reason: copied, control
 * bytes and invalid UTF-8 as \xNN, cut at TG_REASON_BYTES_MAX; rule: borrowed from the program.
 * Beyond the caps the text is left out and counted, but the issue that decided a row's fate
 * always stays, at worst with a reason that says why it is short. */
void tg_batch_issue(struct tg_batch *b, uint32_t row, const struct tg_issue *issue);

/* Adds a copy of w (its texts stay borrowed). False at the arena's cap. */
bool tg_batch_window(struct tg_batch *b, const struct tg_windowed *w);

/* Rows with each fate among [row, row + rows): a segment, or all of the batch. */
void tg_batch_tally(const struct tg_batch *b, uint32_t row, uint32_t rows,
                    uint32_t counts[TG_FATES]);

/* Packed headers: repeated { u32 name length, name, u32 value length or 0xffffffff for null,
 * value }, native order. Reads the next one at *at; false at the end. */
struct tg_header {
  struct tg_text name, value;
};
bool tg_headers_next(struct tg_text headers, uint32_t *at, struct tg_header *out);

#endif
