/* The balance at the demo's end: the ledger's sums, and what was rejected. */
#include "core/app/demo.h"

#include "core/app/ask.h"
#include "core/pg/ledger.h"
#include "core/pg/quarantine.h"

#include <stdio.h>
#include <stdlib.h>

static bool show_balance(struct tg_pg *pg, uint64_t sent, struct tg_err *err)
{
  bool even = true;
  long long in = 0;
  if (tg_ledger_balance(pg, "demo", tg_ask_deadline(), err) != TG_OK) return false;
  printf("\nthe ledger's balance: in = loaded + quarantined + late + dropped\n");
  for (uint32_t r = 0; r < tg_pg_rows(pg); r++) {
    bool row_even = tg_pg_value(pg, r, 9)[0] == 't' && tg_pg_value(pg, r, 10)[0] == '0';
    printf("  %-10s %9s = %s + %s + %s + %s   %s\n", tg_pg_value(pg, r, 0), tg_pg_value(pg, r, 3),
           tg_pg_value(pg, r, 4), tg_pg_value(pg, r, 6), tg_pg_value(pg, r, 7),
           tg_pg_value(pg, r, 8), row_even ? "ok" : "UNEVEN");
    even &= row_even;
    in += strtoll(tg_pg_value(pg, r, 3), NULL, 10);
  }
  printf("  sent %llu, in the ledger %lld%s\n", (unsigned long long)sent, in,
         in == (long long)sent
             ? ""
             : ": what is missing waits in Kafka (stopped, or held by a breaker)");
  return even && in <= (long long)sent;
}

static void show_reasons(struct tg_pg *pg, struct tg_err *err)
{
  const struct tg_quarantine_filter all = {.pipeline = "demo"},
                                    some = {.pipeline = "demo", .limit = 8};
  if (tg_quarantine_count(pg, &all, tg_ask_deadline(), err) != TG_OK) return;
  printf("\nquarantine, by stage and rule:\n");
  tg_ask_print(pg, false, stdout);
  if (tg_quarantine_list(pg, &some, tg_ask_deadline(), err) != TG_OK) return;
  printf("\nits newest:\n");
  for (uint32_t r = 0; r < tg_pg_rows(pg); r++)
    printf("  %s[%s]@%s  %s\n", tg_pg_value(pg, r, 3), tg_pg_value(pg, r, 4), tg_pg_value(pg, r, 5),
           tg_pg_value(pg, r, 9));
}

bool tg_demo_balance(const struct tg_config *config, uint64_t sent)
{
  struct tg_err err = {0};
  struct tg_pg *pg = tg_ask_open(config, &err);
  bool even = pg && show_balance(pg, sent, &err);
  if (even) show_reasons(pg, &err);
  if (err.rc != TG_OK) fprintf(stderr, "error: %s: %s\n", err.where, err.what);
  tg_pg_free(pg);
  return even;
}
