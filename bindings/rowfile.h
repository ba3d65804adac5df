/* Rows from a file, and the columns that they hold: JSON objects, one a line, or comma separated
 * values.
 *
 * The type of a column is that of its values: whole numbers bigint, other numbers double
 * precision, texts text (also those that look like times), booleans boolean, lists and objects
 * jsonb, a mixture jsonb, no value at all text. Columns are in the order in which the rows name
 * them first. */
#ifndef TG_BINDINGS_ROWFILE_H
#define TG_BINDINGS_ROWFILE_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/text.h"

enum { TG_ROWFILE_ROWS_MAX = 50000000, TG_ROWFILE_COLUMNS_MAX = 1000 };

struct tg_rowfile_column {
  struct tg_text name;
  const char *type; /* PostgreSQL's name of it */
};

struct tg_rowfile {
  struct tg_text *rows; /* JSON; views of the text that was read where it is JSON itself */
  int64_t *times_us;    /* one a row, when a time column was named; else NULL */
  uint32_t count;
  struct tg_rowfile_column *columns;
  uint32_t columns_count;
};

/* Reads text (borrowed as long as the rows are used); everything else lives in the arena. Empty
 * lines are passed over. time: the column that says when a row happened, or NULL.
 * TG_DATA: a line is no JSON object, too many rows or columns; err->where is "line N". TG_FULL: the
 * arena's cap. */
enum tg_rc tg_rowfile_read(struct tg_rowfile *r, struct tg_text text, const char *time,
                           struct tg_arena *a, struct tg_err *err);

/* The same of comma separated values whose first line names the columns (core/data/csv.h). Rows are
 * JSON objects of all columns. An empty field is null, a quoted one a text, always; of the others
 * a column is numbers or booleans when all of them are such, else text. No time column, and one
 * row is at least a line: an empty line of a file with one column is a null.
 * TG_DATA: a name is missing or there twice, a line has another number of fields than the first. */
enum tg_rc tg_rowfile_csv(struct tg_rowfile *r, struct tg_text text, struct tg_arena *a,
                          struct tg_err *err);

#endif
