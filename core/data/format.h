/* Text formats: is this text an IBAN, an e-mail address, a cron line? Check digits are computed,
 * registered codes looked up (registry.h), nothing is asked for over a network.
 *
 * A format judges the whole text as it is: nothing is trimmed, the empty text is never valid.
 * Letters are ASCII's; case matters only where `doc` says so. Every test takes time linear in the
 * text (a JSON or XML document: as its parser) and nests no deeper than its documented cap. */
#ifndef TG_DATA_FORMAT_H
#define TG_DATA_FORMAT_H

#include "core/data/op.h"

struct tg_jsonindex;

/* One look at a text. country: two upper-case letters, for formats that need one. index: for those
 * that read JSON. */
struct tg_formatting {
  struct tg_text country;
  struct tg_jsonindex *index;
};

/* 1 valid, 0 not, or the fault (negative enum tg_nul) of a text that cannot be judged. t is not
 * null. */
typedef int tg_format_test(const struct tg_formatting *how, struct tg_text t);

struct tg_format {
  const char *name;
  const char *doc; /* what is verified; part of a sentence */
  bool numbers;    /* columns of numbers are judged too, as their decimal digits */
  bool country;    /* needs one of tg_format_countries */
  bool index;      /* needs formatting->index */
  tg_format_test *test;
};

/* All of them; the last one has name NULL. */
extern const struct tg_format tg_formats[];

/* NULL when there is none of this name. */
const struct tg_format *tg_format_find(struct tg_text name);

/* Whether postal codes of this country are known. */
bool tg_format_has_country(struct tg_text country);

/* A mask: which texts are valid. TG_CONFIG: there is no such format, the column is not text (or
 * a number where the format takes them), the country is missing or unknown. country may be
 * empty. */
struct tg_column *tg_format_column(struct tg_op *op, struct tg_column *c, struct tg_text name,
                                   struct tg_text country);

#endif
