/* The one table of configuration properties: parsing, range, default, docs/CONFIG.md and the JSON
 * Schema come from it. */
#ifndef TG_APP_PROPERTY_H
#define TG_APP_PROPERTY_H

#include "core/app/config.h"
#include "core/base/buf.h"

enum tg_property_kind {
  TG_PROPERTY_TEXT,     /* const char * */
  TG_PROPERTY_PATH,     /* const char *, relative to the file's folder */
  TG_PROPERTY_SECRET,   /* const char *, as text, never shown */
  TG_PROPERTY_FLAG,     /* bool: true | false */
  TG_PROPERTY_NUMBER,   /* uint32_t */
  TG_PROPERTY_SIZE,     /* uint64_t: 64KiB, 24MiB, 1GiB, bytes */
  TG_PROPERTY_DURATION, /* int64_t microseconds: 50ms, 2s, 5m, 2h, 7d */
  TG_PROPERTY_CHOICE,   /* int: index into choices */
  TG_PROPERTY_MAP,      /* kafka.properties */
  TG_PROPERTY_FILES     /* include: paths and patterns */
};

struct tg_property {
  const char *key; /* "load.rows" */
  enum tg_property_kind kind;
  size_t offset; /* of the member in struct tg_config */
  int64_t min, max;
  const char *preset;         /* default as text, NULL: none */
  const char *const *choices; /* NULL-terminated */
  bool required, automatic;   /* automatic: "auto" is allowed and means 0 here */
  const char *doc;
};

const struct tg_property *tg_properties(uint32_t *count);

/* Sets the member from a text. TG_CONFIG: err says what was expected (without the value of a
 * secret). folder: what a path is relative to. */
enum tg_rc tg_property_set(struct tg_config *c, const struct tg_property *p, struct tg_text text,
                           const char *folder, struct tg_err *err);

/* Durations and sizes as people write them; false when text is none. */
bool tg_duration_parse(struct tg_text text, int64_t *us);
bool tg_size_parse(struct tg_text text, int64_t *bytes);

/* Replaces ${VAR}, ${VAR:-default} and ${VAR:?message} from the environment, into the arena.
 * ptr NULL: err says what is wrong. */
struct tg_text tg_property_expand(struct tg_arena *a, struct tg_text text, struct tg_err *err);

#endif
