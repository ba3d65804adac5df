/* A lookup is a small table that scripts ask by key: rates by currency, customers by id. A snapshot
 * of it never changes; a refresh makes another one, and whoever still holds the old one goes on
 * with it.
 *
 *   keys     one column or several; no nulls, no row twice     found by an exact hash
 *   values   columns that a found row gives; nulls allowed
 *
 *   tg_lookupmake_new -> _add (one row of texts) .. -> _end  -> struct tg_lookup
 *   tg_lookup_find(key columns) -> row numbers -> tg_lookup_get(value) or tg_lookup_has()
 *
 * A null key gives null, a key that is not there the fault TG_MISS. Whole numbers and numeric
 * meet by value, whatever their width and scale; texts by their bytes; times, dates and uuids by
 * value; a key of any other type is refused.
 *
 * Memory: one arena with a cap. Counted references; thread: any, as nothing is written after the
 * making. Columns that tg_lookup_get() returns share the snapshot's texts: keep a reference while
 * they are used. */
#ifndef TG_DATA_LOOKUP_H
#define TG_DATA_LOOKUP_H

#include "core/data/op.h"

#include <stdatomic.h>

enum { TG_LOOKUP_KEYS_MAX = 8, TG_LOOKUP_COLUMNS_MAX = 64, TG_LOOKUP_VERSION_SIZE = 96 };

struct tg_lookup_column {
  struct tg_text name;
  struct tg_type type;
  bool typed; /* false: whole numbers, decimals, booleans, else texts, whatever fits all values */
};

/* What a lookup is made of. Texts are copied. */
struct tg_lookup_shape {
  const char *name;                       /* for messages: "rates" */
  const struct tg_lookup_column *columns; /* keys first */
  uint32_t keys_count, columns_count;
  size_t bytes_max; /* of the snapshot */
};

struct tg_lookup {
  atomic_uint references;
  struct tg_arena arena;
  struct tg_text *names;      /* columns_count of them, keys first */
  struct tg_column **columns; /* the same order; `rows` values each */
  uint32_t keys_count, columns_count, rows;
  uint64_t *slots; /* open addressing: upper half of the hash, row + 1; 0 is free */
  uint32_t mask;
  char version[TG_LOOKUP_VERSION_SIZE]; /* what the ledger says was used */
};

/* A value on its way in. text.ptr NULL: null. quoted: it was written as a text, so that "7" is none
 * of the numbers. */
struct tg_lookup_cell {
  struct tg_text text;
  bool quoted;
};

struct tg_lookupmake;

/* NULL without memory. */
struct tg_lookupmake *tg_lookupmake_new(const struct tg_lookup_shape *shape);
/* Adds a row of columns_count cells, copied. TG_CONFIG: the cap is reached; TG_DATA: a key is
 * null. */
enum tg_rc tg_lookupmake_add(struct tg_lookupmake *m, const struct tg_lookup_cell *cells,
                             struct tg_err *err);
/* Makes the snapshot (one reference, the caller's). TG_DATA: a value is not of its type, a key is
 * there twice; TG_CONFIG: a key of a type that cannot be one, or the cap is reached. */
enum tg_rc tg_lookupmake_end(struct tg_lookupmake *m, const char *version, struct tg_lookup **out,
                             struct tg_err *err);
void tg_lookupmake_free(struct tg_lookupmake *m); /* NULL is fine */

struct tg_lookup *tg_lookup_ref(struct tg_lookup *l);
void tg_lookup_drop(struct tg_lookup *l); /* NULL is fine */

/* Number of the value column called name, or -1. */
int32_t tg_lookup_value(const struct tg_lookup *l, struct tg_text name);

/* What the values of a column come to; nulls are left out. */
struct tg_lookup_sums {
  uint32_t count;
  double sum, min, max; /* whole numbers and numeric are added exactly, then rounded once */
};
/* False: the column holds something else than numbers. */
bool tg_lookup_sums(const struct tg_lookup *l, uint32_t column, struct tg_lookup_sums *out);

/* Where each row of a batch stands in a snapshot; in the operation's arena. */
struct tg_found {
  struct tg_lookup *lookup; /* borrowed */
  uint32_t *rows;           /* TG_LOOKUP_MISS: not there */
  uint8_t *nul;             /* of the keys; NULL: none is null */
};
enum { TG_LOOKUP_MISS = 0xffffffffu };

/* keys: keys_count of them. TG_CONFIG (op->err): another number of keys, types that never meet. */
bool tg_lookup_find(struct tg_op *op, struct tg_lookup *l, struct tg_column *const *keys,
                    uint32_t keys_count, struct tg_found *out);

/* The found rows' values of column number `column`. */
struct tg_column *tg_lookup_get(struct tg_op *op, const struct tg_found *found, uint32_t column);
/* True where the key is there. */
struct tg_column *tg_lookup_has(struct tg_op *op, const struct tg_found *found);

/* A lookup as a topic declares it. Lives in the program that loaded it. */
enum tg_on_stale { TG_ON_STALE_ERROR, TG_ON_STALE_WARN, TG_ON_STALE_SKIP };
struct tg_lookup_source {
  struct tg_text name;
  struct tg_text schema, table; /* read from PostgreSQL; table empty: from a file */
  struct tg_text where;         /* SQL that narrows it, or empty */
  struct tg_lookup_column *columns;
  uint32_t keys_count, columns_count;
  bool single; /* one value, asked for without its name */
  int64_t refresh_us, stale_after_us;
  enum tg_on_stale on_stale;
  struct tg_lookup
      *given; /* of a file; of a table with declared types an empty one, by which scripts
                              are tried; else NULL. One reference. */
};

/* Begins a snapshot of a declared lookup. NULL without memory. */
struct tg_lookupmake *tg_lookup_source_make(const struct tg_lookup_source *s, size_t bytes_max);

/* The snapshots that a batch is judged with. */
enum tg_lookup_state {
  TG_LOOKUP_FRESH,
  TG_LOOKUP_REFUSED, /* too old, and the topic wants no answer then: asking it raises */
  TG_LOOKUP_SKIPPED  /* too old: every answer is null */
};
struct tg_lookup_use {
  struct tg_text name;
  struct tg_lookup *lookup; /* NULL: there is none yet */
  bool single;
  enum tg_lookup_state state;
  int64_t age_us;
};
struct tg_lookup_set {
  struct tg_lookup_use *list;
  uint32_t count;
};
/* Gives the references of a set back. */
void tg_lookup_set_drop(struct tg_lookup_set *set);

#endif
