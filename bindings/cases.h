/* Cases: what rules must answer on small tables, one JSON object a line, written by others than
 * the rules' authors.
 *
 *   { "id": .., "rule": name or alias, "params": { argument: value, .. },
 *     "types": { column: kind, .. }, "data": { column: [ value, .. ], .. },
 *     "tables": { name: { column: [ .. ] } },
 *     "expect": { "verdict", "failing_rows", "failing_values", "observed", "tolerance" } }
 *
 * Column names are any text, their order is that of `data`. Kinds: integer, number, string,
 * boolean, timestamp, date, mixed (JSON values; also what a column is whose data are not of its
 * kind), null (no value at all: it takes any type that the rule can judge). The texts "$inf",
 * "$-inf", "$nan" are the numbers that JSON cannot write. Rows are counted from 0. A rule that
 * does not exist, or cannot be built of these arguments, has the verdict `error`. Of `expect`
 * what is given is compared; numbers of `observed` within `tolerance` or a relative 1e-9, lists
 * in any order. */
#ifndef TG_BINDINGS_CASES_H
#define TG_BINDINGS_CASES_H

#include "bindings/program.h"
#include "core/base/buf.h"

struct tg_case_counts {
  uint32_t run, ok, unexpected; /* unexpected: cases that say nothing about what is expected */
};

/* Runs the case of one line, and appends { id, verdict, failing_rows, evaluated, observed, ok } as
 * one line of JSON; `error` says why there is no verdict, `why` what differs. ok is null without
 * `expect`. TG_CONFIG: the line is no case; TG_FATAL: the VM is lost. */
enum tg_rc tg_case_run(struct tg_program *p, struct tg_text line, struct tg_buf *out,
                       struct tg_case_counts *counts, struct tg_err *err);

#endif
