/* The book of alerts: what is wrong now, since when, who says so, and what each receiver has been
 * told. Raising and clearing are cheap and never wait; a receiver that is slow, away or new gets
 * the state as it is when it can take it, so nothing queues.
 *
 *             raise               for is over              keep is over, nobody says so any more
 *   (nothing) -----> PENDING ------------------> FIRING --------------------------> RESOLVED
 *      ^                | cleared before that      ^ |  told; again every `resend`      |  |
 *      '----------------'                          | '----------------------------------' |
 *      ^                                           '---------- raised again ------------- |
 *      '--------------------------- told to all, or FORGET_US later ----------------------'
 *
 * An alert is its labels (struct tg_alert_id): raising the same one again only renews it. It stands
 * as long as one of its sources says so; one that fades stands for `fade` after it was raised last.
 * `for`, `keep` and `resend` are what Prometheus calls for, keep_firing_for and resend delay.
 *
 * Pure: the clock is an argument, monotonic for durations, wall time only to be shown. */
#ifndef TG_FLOW_ALERTBOOK_H
#define TG_FLOW_ALERTBOOK_H

#include <stdbool.h>
#include <stdint.h>

enum { TG_ALERTS_MAX = 1024, TG_ALERT_RECEIVERS = 4, TG_ALERT_SOURCES = 128 };

struct tg_alert_policy {
  int64_t for_us, keep_us, fade_us, resend_us;
  uint32_t receivers; /* at most TG_ALERT_RECEIVERS */
};

struct tg_alert_time {
  int64_t mono_us, wall_us;
};

/* name and severity: static texts. The others: borrowed, cut to what struct tg_alert holds, NULL:
 * there is none. partition -1: none. */
struct tg_alert_id {
  const char *name, *severity;
  const char *topic, *rule, *owner;
  int32_t partition;
  bool fades; /* not part of the identity */
};

enum tg_alert_state { TG_ALERT_PENDING, TG_ALERT_FIRING, TG_ALERT_RESOLVED };

struct tg_alert {
  const char *name, *severity;
  char topic[250], rule[256], owner[64]; /* "": none */
  int32_t partition;
  char text[512]; /* what is wrong, newest */
  enum tg_alert_state state;
  bool fades;
  uint64_t serial;                         /* of this state of this alert; never used twice */
  uint64_t sources[TG_ALERT_SOURCES / 64]; /* set of those who say so */
  struct tg_alert_time began, ended;       /* ended: RESOLVED only */
  int64_t raised_us;                       /* monotonic: last raised */
  int64_t cleared_us;                      /* monotonic: when the last source cleared it */
  struct {
    uint64_t serial; /* that the receiver knows; 0: nothing yet */
    int64_t us;      /* monotonic: when it was told */
  } told[TG_ALERT_RECEIVERS];
};

struct tg_alertbook;

/* NULL without memory. policy: copied. */
struct tg_alertbook *tg_alertbook_new(const struct tg_alert_policy *policy);
void tg_alertbook_free(struct tg_alertbook *b);

/* source: 0 .. TG_ALERT_SOURCES - 1. text: what is wrong, copied, cut. False: the book is full, and
 * nobody will hear of it. */
bool tg_alertbook_raise(struct tg_alertbook *b, const struct tg_alert_id *id, unsigned source,
                        const char *text, struct tg_alert_time now);

/* The source says so no more. Unknown alerts are none. */
void tg_alertbook_clear(struct tg_alertbook *b, const struct tg_alert_id *id, unsigned source,
                        struct tg_alert_time now);

/* The source has nothing more to say about any alert of this name. */
void tg_alertbook_leave(struct tg_alertbook *b, const char *name, unsigned source,
                        struct tg_alert_time now);

/* Lets time pass: pending alerts fire, cleared ones end, what everybody knows is forgotten. */
void tg_alertbook_turn(struct tg_alertbook *b, struct tg_alert_time now);

/* Copies at most max alerts that the receiver is to be told now: changes, and what fires and was
 * told `resend` ago. Returns how many. */
uint32_t tg_alertbook_due(const struct tg_alertbook *b, uint32_t receiver, struct tg_alert_time now,
                          struct tg_alert *out, uint32_t max);

/* The receiver has taken these copies. What changed meanwhile stays due. */
void tg_alertbook_told(struct tg_alertbook *b, uint32_t receiver, const struct tg_alert *list,
                       uint32_t count, struct tg_alert_time now);

/* How many fire. */
uint32_t tg_alertbook_firing(const struct tg_alertbook *b);

/* Copies at most max alerts that some source still stands by, pending or firing. Returns how many
 * there are. */
uint32_t tg_alertbook_standing(const struct tg_alertbook *b, struct tg_alert *out, uint32_t max);

#endif
