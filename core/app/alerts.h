/* Alerts: what is wrong, told to Alertmanagers (POST /api/v2/alerts) and to a webhook in the same
 * form, resent until it is right again, then resolved (endsAt). docs/OPERATIONS.md, Alerts.
 *
 *   lanes, keeper, main --raise, clear--> book (core/flow/alertbook.h) <--due, told-- one thread a
 *                                                                         receiver -> HTTP
 *
 * Whoever raises never waits for a receiver: the book has a lock and a cap, no queue. A receiver
 * that is slow or away holds up nobody else, and hears how things stand then.
 *
 * Nothing is kept over a restart. What fires says that it ends 4 x alerts.resend from now, as
 * Prometheus does: what is still wrong after the restart is raised again under the same labels, the
 * rest ends by itself.
 *
 * Without receivers the book is kept all the same: /status.json shows it.
 *
 * Thread: start and stop main, the others any. All bear a NULL. */
#ifndef TG_APP_ALERTS_H
#define TG_APP_ALERTS_H

#include "core/app/hub.h"
#include "core/flow/alertbook.h"

enum tg_trouble_kind {
  TG_TROUBLE_WARN,     /* a rule's verdict */
  TG_TROUBLE_CRITICAL, /* .. */
  TG_TROUBLE_BREAKER,  /* of a topic, for all processes of the pipeline */
  TG_TROUBLE_TABLE,    /* a topic waits for its table */
  TG_TROUBLE_RELOAD,
  TG_TROUBLE_HALT, /* a partition needs an operator */
  TG_TROUBLE_GAP   /* events were lost */
};

enum { TG_SOURCE_PROCESS = TG_LANES_MAX }; /* sources below are lanes */

struct tg_trouble { /* texts are borrowed; NULL: none */
  enum tg_trouble_kind kind;
  unsigned source;
  const char *topic, *rule, *owner;
  int32_t partition; /* where there is a topic only; -1: none */
};

struct tg_alerts;

/* Sets hub->alerts. */
enum tg_rc tg_alerts_start(struct tg_hub *hub, struct tg_err *err);
/* When nobody raises any more. Gives up requests under way: at most about a second. */
void tg_alerts_stop(struct tg_alerts *a);

void tg_alerts_raise(struct tg_alerts *a, const struct tg_trouble *t, const char *text);
void tg_alerts_clear(struct tg_alerts *a, const struct tg_trouble *t);
/* The source has nothing more to say about any trouble of this kind. */
void tg_alerts_leave(struct tg_alerts *a, enum tg_trouble_kind kind, unsigned source);

/* Copies at most max of those that stand, pending ones too; *firing: how many are being told, those
 * included that are right again for less than alerts.keep. Returns how many stand. */
uint32_t tg_alerts_standing(struct tg_alerts *a, struct tg_alert *out, uint32_t max,
                            uint32_t *firing);

#endif
