/* Answers of PostgreSQL for people. */
#include "core/app/ask.h"

#include "core/app/cli.h"
#include "core/base/buf.h"
#include "core/base/clock.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

enum { CELL_MAX = 60, COLUMNS_MAX = 32, ASK_US = 30000000 };

static struct tg_pg_conf conf;

int64_t tg_ask_deadline(void)
{
  return tg_clock_mono_us() + ASK_US;
}

const char *tg_ask_user(void)
{
  const struct passwd *entry = getpwuid(getuid());
  const char *sudo = getenv("SUDO_USER"), *login = getlogin();
  return sudo && *sudo ? sudo : login ? login : entry ? entry->pw_name : "an unknown user";
}

struct tg_pg *tg_ask_open(const struct tg_config *c, struct tg_err *err)
{
  conf = (struct tg_pg_conf){.dsn = c->dsn,
                             .password_file = c->password_file,
                             .name = "tidegate command",
                             .connect_us = 10 * TG_SEC,
                             .statement_us = ASK_US,
                             .lock_us = TG_SEC};
  if (c->sink == TG_SINK_KAFKA) {
    tg_err_set(
        err, TG_CONFIG, "sink: kafka",
        "pipeline %s keeps nothing in PostgreSQL: no quarantine, ledger, breakers or journal. "
        "Refused events are in the dead-letter topics, where it stands is Kafka's group",
        c->pipeline);
    return NULL;
  }
  struct tg_pg *pg = tg_pg_new(&conf);
  bool fresh;
  if (!pg) return tg_err_set(err, TG_FATAL, "postgres", "out of memory"), NULL;
  if (tg_pg_connect(pg, &fresh, err) == TG_OK) return pg;
  tg_pg_free(pg);
  return NULL;
}

static void print_json(const struct tg_pg *pg, uint32_t row, FILE *to)
{
  struct tg_buf b;
  tg_buf_init(&b, 0);
  for (uint32_t c = 0; c < tg_pg_columns(pg); c++) {
    const char *value = tg_pg_value(pg, row, c);
    tg_buf_str(&b, c ? "," : "{");
    tg_buf_json(&b, tg_text(tg_pg_column(pg, c)));
    tg_buf_char(&b, ':');
    if (value)
      tg_buf_json(&b, tg_text(value));
    else
      tg_buf_str(&b, "null");
  }
  fprintf(to, "%s}\n", tg_buf_cstr(&b));
  tg_buf_fini(&b);
}

static const char *cell(const struct tg_pg *pg, uint32_t row, uint32_t c, char *room, size_t size)
{
  const char *value = tg_pg_value(pg, row, c);
  return value ? tg_text_shown(tg_text(value), room, size) : "";
}

static void print_table(const struct tg_pg *pg, FILE *to)
{
  char room[CELL_MAX + 1];
  int width[COLUMNS_MAX] = {0};
  uint32_t columns = tg_pg_columns(pg) < COLUMNS_MAX ? tg_pg_columns(pg) : COLUMNS_MAX;
  for (uint32_t c = 0; c < columns; c++) {
    width[c] = (int)strlen(tg_pg_column(pg, c));
    for (uint32_t r = 0; r < tg_pg_rows(pg); r++) {
      int len = (int)strlen(cell(pg, r, c, room, sizeof room));
      if (len > width[c]) width[c] = len;
    }
  }
  for (uint32_t c = 0; c < columns; c++) fprintf(to, "%-*s  ", width[c], tg_pg_column(pg, c));
  fputc('\n', to);
  for (uint32_t r = 0; r < tg_pg_rows(pg); r++) {
    for (uint32_t c = 0; c < columns; c++)
      fprintf(to, "%-*s  ", width[c], cell(pg, r, c, room, sizeof room));
    fputc('\n', to);
  }
}

void tg_ask_print(const struct tg_pg *pg, bool json, FILE *to)
{
  if (!json) {
    print_table(pg, to);
    return;
  }
  for (uint32_t r = 0; r < tg_pg_rows(pg); r++) print_json(pg, r, to);
}

void tg_ask_print_row(const struct tg_pg *pg, uint32_t row, FILE *to)
{
  for (uint32_t c = 0; c < tg_pg_columns(pg); c++) {
    const char *value = tg_pg_value(pg, row, c);
    fprintf(to, "%-16s %s\n", tg_pg_column(pg, c), value ? value : "-");
  }
}

int tg_ask_answer(const struct tg_pg *pg, enum tg_rc rc, bool json, const char *none,
                  const struct tg_err *err)
{
  if (rc != TG_OK) return tg_cli_fail(err);
  if (!tg_pg_rows(pg)) return fprintf(stderr, "%s\n", none), TG_EXIT_NOTHING;
  if (json)
    tg_ask_print(pg, true, stdout);
  else
    tg_ask_print_row(pg, 0, stdout);
  return TG_EXIT_OK;
}
