/* Commands that ask PostgreSQL one question: connecting, and printing the answer for people or
 * as JSON lines. */
#ifndef TG_APP_ASK_H
#define TG_APP_ASK_H

#include "core/app/config.h"
#include "core/pg/conn.h"

#include <stdio.h>

/* A connection for a command. NULL: it could not be made, err says why. Freed with tg_pg_free(). */
struct tg_pg *tg_ask_open(const struct tg_config *c, struct tg_err *err);

int64_t tg_ask_deadline(void);

/* Who runs the command, for the journal. */
const char *tg_ask_user(void);

/* The last result: one JSON object a row, or an aligned table whose cells are cut to 60
 * characters. */
void tg_ask_print(const struct tg_pg *pg, bool json, FILE *to);

/* One row, a line per column. */
void tg_ask_print_row(const struct tg_pg *pg, uint32_t row, FILE *to);

/* A question about one thing: its rows in full, or none on stderr. Returns the exit code. */
int tg_ask_answer(const struct tg_pg *pg, enum tg_rc rc, bool json, const char *none,
                  const struct tg_err *err);

#endif
