/* What rules said, on its way to rows of tidegate.verdict: of a load what is worth one (fail,
 * error, and every change of verdict or level), in the load's transaction; of a window everything,
 * in the judge's. Levels become alerts. */
#ifndef TG_APP_VERDICTS_H
#define TG_APP_VERDICTS_H

#include "bindings/program.h"
#include "core/data/verdict.h"

/* A verdict as a row; texts are borrowed. */
struct tg_verdict_note tg_verdicts_row(const struct tg_verdict_row *v);

/* What the verdict means for alerts: raised with its level, or cleared. source: of
 * core/app/alerts.h. */
struct tg_alerts;
void tg_verdicts_alert(struct tg_alerts *a, unsigned source, const char *topic,
                       const struct tg_verdict_row *v);

struct tg_lane;
/* Hangs the notes worth a row on the batch. TG_FULL: the batch's arena. */
enum tg_rc tg_verdicts_note(struct tg_lane *lane, uint32_t topic, struct tg_batch *b,
                            const struct tg_judgement *j);

#endif
