/* Regular expressions: PCRE2, compiled once, just-in-time where the system allows it, else
 * interpreted.
 *
 * A match that reaches its limit (steps, memory) is the fault TG_LIMIT of that value, never "no
 * match". Patterns and texts are UTF-8; bytes that are not match nothing. Source of the syntax:
 * pcre2pattern(3). */
#ifndef TG_DATA_REGEX_H
#define TG_DATA_REGEX_H

#include "core/data/op.h"

struct tg_regex;

enum { TG_REGEX_BYTES_MAX = 4096 };

/* flags: any of i m s x, or "". TG_CONFIG with the reason and the place in the pattern; TG_FULL
 * without memory. */
enum tg_rc tg_regex_new(struct tg_text pattern, const char *flags, struct tg_regex **out,
                        struct tg_err *err);
void tg_regex_free(struct tg_regex *r);

/* 1 found (anywhere: anchor it yourself), 0 not found, -TG_LIMIT a limit was reached. */
int tg_regex_test(const struct tg_regex *r, struct tg_text t);

/* A mask: which texts contain a match; other values are read as tg_parse_text() shows them. Polls
 * the deadline between matches. */
struct tg_column *tg_regex_match(struct tg_op *op, struct tg_column *c, const struct tg_regex *r);

#endif
