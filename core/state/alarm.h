/* What all anomaly models share, whatever their formula:
 *
 *   score -> refractory time -> verdict -> learn
 *
 * Score first, learn after: a window that holds the value under test cannot flag it, as
 * |z| <= (n-1)/sqrt(n), 2.27 for 7 values.
 *
 * What scores above k is learned clipped to k scales, so that an old incident does not hide the
 * next; where there is no scale yet, not at all. A state that lasts is no incident, though, and a
 * model that never follows it would alarm for ever: `heat` counts the values above k (each fades
 * with 2,000 values), and beyond 50 the clip widens by k for every 5 more.
 *
 * One incident is one alarm: after a score s, only higher scores are reported until `cooldown`
 * values have passed, and each of those starts the time anew; what is not reported has score 0. As
 * this asks for no threshold, reported scores may be compared with any: a threshold above k sees
 * just the alarms it would have seen as k. Pure; no clock: time is counted in values. */
#ifndef TG_STATE_ALARM_H
#define TG_STATE_ALARM_H

#include "core/state/codec.h"

enum tg_direction { TG_BOTH, TG_UP, TG_DOWN };

/* A deviation of something that has not varied at all has no scale; it scores this. */
#define TG_SCORE_MAX 1e9

struct tg_refractory {
  double last;   /* the score that began the refractory time */
  uint32_t left; /* values until it is over */
  double heat;   /* values above k, the older the less they count */
};

/* The score as it is reported: itself, or 0 within the refractory time of one at least as high. */
double tg_alarm_report(struct tg_refractory *a, uint32_t cooldown, double score);
/* Counts a value that was judged. Returns by how many scales what was flagged may be off to be
 * learned as it is, for a threshold k. */
double tg_alarm_clip(struct tg_refractory *a, bool flagged, double k);
/* True when what is flagged is believed: the heat is beyond that of an incident. */
bool tg_alarm_lasting(const struct tg_refractory *a);
void tg_alarm_walk(struct tg_refractory *a, struct tg_codec *c, uint32_t cooldown);

/* How far x is from what was expected, in the direction asked for (0 in the other one) and in units
 * of scale: at most TG_SCORE_MAX, which is also any distance when scale is 0. A distance of 1e-12
 * of the numbers themselves is rounding, and none. */
double tg_alarm_deviation(double x, double expected, double scale, enum tg_direction direction);

#endif
