/* The rules a program knows, for people: kinds of rule, their aliases, active rules. */
#ifndef TG_BINDINGS_RULEINFO_H
#define TG_BINDINGS_RULEINFO_H

#include "bindings/program.h"

struct tg_ruleinfo { /* texts live for the call of the visitor; "" where there is none */
  const char *name, *path, *dimension, *doc;
  const char *params;   /* declarations, a line each: "column column", "min value?" */
  const char *alias_of; /* the rule this name stands for */
  const char *topics;   /* of an active rule: "orders, payments" */
};

typedef void tg_ruleinfo_visit(void *self, const struct tg_ruleinfo *rule);

/* Visits every rule, kinds by name first. TG_FATAL: the VM is lost. */
enum tg_rc tg_ruleinfo_each(struct tg_program *p, tg_ruleinfo_visit *visit, void *self,
                            struct tg_err *err);

#endif
