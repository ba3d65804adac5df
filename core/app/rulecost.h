/* `tidegate rules --cost`: what each rule of the topics costs, in nanoseconds of CPU a row, on a
 * sample: a given file of events, or made-up ones of the topic's fields. */
#ifndef TG_APP_RULECOST_H
#define TG_APP_RULECOST_H

#include "bindings/program.h"

struct tg_rulecost_conf {
  const char *topic; /* only this one, or NULL */
  const char *input; /* events of that topic, a JSON object a line; NULL: made up */
  int64_t budget_ns; /* a rule that costs more a row is told; 0: none */
  bool json;
};

enum { TG_COST_ROWS = 50000, TG_COST_ROUNDS = 5 };

/* Prints a line a rule: of TG_COST_ROUNDS runs over the same batch the cheapest. *over: how many
 * rules exceed the budget. TG_CONFIG: no such topic, or its input cannot be read. */
enum tg_rc tg_rulecost_print(struct tg_program *p, const struct tg_rulecost_conf *conf,
                             uint32_t *over, struct tg_err *err);

#endif
