/* Operations on instants (timestamptz, timestamp, date), times of day and intervals.
 *
 * Instants are microseconds in UTC; a zone is a fixed offset ("+02:00") or "UTC". What leaves the
 * years 0001 to 9999 is the fault TG_OVERFLOW. */
#ifndef TG_DATA_TIMEOP_H
#define TG_DATA_TIMEOP_H

#include "core/data/arith.h"

/* instant - instant = interval; instant +- interval = instant; interval +- interval. A text literal
 * stands for an interval ("2h", "1 day"). What tg_arith() does when an operand is an instant or an
 * interval. */
struct tg_column *tg_time_arith(struct tg_op *op, enum tg_arith what, struct tg_arg a,
                                struct tg_arg b);

/* -interval. */
struct tg_column *tg_time_unary(struct tg_op *op, enum tg_unary what, struct tg_column *a);

/* "90s", "2h", "1m30s", "7d", "1 day 02:00" -> a span; ns not kept. False when it is none. */
bool tg_time_duration(struct tg_text t, struct tg_span *out);

/* Down to the start of its second, minute, hour, day, week (Monday), month, quarter or year in that
 * zone. */
struct tg_column *tg_time_trunc(struct tg_op *op, struct tg_column *c, struct tg_text unit,
                                struct tg_text zone);

struct tg_column *tg_time_add(struct tg_op *op, struct tg_column *c, struct tg_text duration);

/* since - c, as an interval: since holds an instant a row (the events' Kafka timestamps). */
struct tg_column *tg_time_age(struct tg_op *op, struct tg_column *c, struct tg_column *since);

/* Months count 30 days. */
double tg_time_span_seconds(struct tg_span s);

/* Intervals as seconds (months of 30 days), instants as seconds since 1970-01-01 in UTC: float8. */
struct tg_column *tg_time_seconds(struct tg_op *op, struct tg_column *c);

/* 0..23; 1 Monday .. 7 Sunday. */
struct tg_column *tg_time_hour(struct tg_op *op, struct tg_column *c, struct tg_text zone);
struct tg_column *tg_time_weekday(struct tg_op *op, struct tg_column *c, struct tg_text zone);

/* By a pattern (timepattern.h), in UTC; empty: RFC 3339. */
struct tg_column *tg_time_text(struct tg_op *op, struct tg_column *c, struct tg_text pattern);

#endif
