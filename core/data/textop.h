/* Operations on text columns (text, varchar), once per distinct value where a column repeats
 * itself.
 *
 * Positions and lengths count code points unless bytes are asked for. Case is ASCII's unless said
 * otherwise. A result may point into its operand's bytes. */
#ifndef TG_DATA_TEXTOP_H
#define TG_DATA_TEXTOP_H

#include "core/data/op.h"

/* TG_CONFIG unless c is text; `what` names the operation in the message. */
bool tg_text_check(struct tg_op *op, const struct tg_column *c, const char *what);

/* A mask by a test of every text. The test returns 0 or 1, or the fault of that value (enum tg_nul,
 * negative). */
typedef int tg_text_test(const void *self, struct tg_text t);
struct tg_column *tg_text_mask(struct tg_op *op, struct tg_column *c, tg_text_test *test,
                               const void *self);

/* A text column by a change of every text; ptr NULL: the arena is full. */
typedef struct tg_text tg_text_change(const void *self, struct tg_arena *a, struct tg_text t);
struct tg_column *tg_text_map(struct tg_op *op, struct tg_column *c, tg_text_change *change,
                              const void *self);

struct tg_column *tg_text_concat(struct tg_op *op, struct tg_arg a, struct tg_arg b);
struct tg_column *tg_text_len(struct tg_op *op, struct tg_column *c, bool bytes);
struct tg_column *tg_text_lower(struct tg_op *op, struct tg_column *c);
struct tg_column *tg_text_upper(struct tg_op *op, struct tg_column *c);
/* The letters of all scripts (casemap.h). */
struct tg_column *tg_text_unicode(struct tg_op *op, struct tg_column *c, bool upper);
/* ASCII white space at both ends. */
struct tg_column *tg_text_trimmed(struct tg_op *op, struct tg_column *c);
/* From character `from` to `to`, both counted from 1 and included; negative ones count from the
 * end, as in Lua. */
struct tg_column *tg_text_sub(struct tg_op *op, struct tg_column *c, int64_t from, int64_t to);
struct tg_column *tg_text_starts(struct tg_op *op, struct tg_column *c, struct tg_text with);
struct tg_column *tg_text_ends(struct tg_op *op, struct tg_column *c, struct tg_text with);
struct tg_column *tg_text_contains(struct tg_op *op, struct tg_column *c, struct tg_text part);
/* SQL LIKE on the whole text: % any, _ one character, backslash escapes. Values that are no text
 * are read as tg_parse_text() shows them. */
struct tg_column *tg_text_like(struct tg_op *op, struct tg_column *c, struct tg_text pattern);
/* True where the text is valid UTF-8 and holds, unless allowed, no U+0000 and no control characters
 * but tab, line feed and carriage return. */
struct tg_column *tg_text_clean(struct tg_op *op, struct tg_column *c, bool control, bool nul);
/* Every plain occurrence of from. */
struct tg_column *tg_text_replace(struct tg_op *op, struct tg_column *c, struct tg_text from,
                                  struct tg_text to);
/* The n-th piece (from 1) between separators; a text with fewer pieces is the fault TG_PARSE. */
struct tg_column *tg_text_split(struct tg_op *op, struct tg_column *c, struct tg_text sep,
                                uint32_t n);

#endif
