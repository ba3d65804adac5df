/* The refractory time and the scale of deviations. */
#include "core/state/alarm.h"

#include <math.h>

static const double FADE = 1.0 / 2000; /* share of the heat that a value takes away */
static const double INCIDENT = 50;     /* heat of the longest incident that is not believed */
static const double WIDEN = 5;         /* heat beyond it for each further k */

double tg_alarm_report(struct tg_refractory *a, uint32_t cooldown, double score)
{
  if (a->left > 0) a->left--;
  if (score == 0 || (a->left > 0 && score <= a->last)) return 0;
  a->last = score;
  a->left = cooldown;
  return score;
}

double tg_alarm_clip(struct tg_refractory *a, bool flagged, double k)
{
  a->heat = a->heat * (1 - FADE) + flagged;
  return k * (1 + fmax(a->heat - INCIDENT, 0) / WIDEN);
}

bool tg_alarm_lasting(const struct tg_refractory *a)
{
  return a->heat > INCIDENT;
}

void tg_alarm_walk(struct tg_refractory *a, struct tg_codec *c, uint32_t cooldown)
{
  tg_codec_positive(c, &a->last);
  tg_codec_positive(c, &a->heat);
  tg_codec_count32(c, &a->left, cooldown);
}

double tg_alarm_deviation(double x, double expected, double scale, enum tg_direction direction)
{
  double d = x - expected;
  if ((direction == TG_UP && d < 0) || (direction == TG_DOWN && d > 0)) return 0;
  if (fabs(d) <= 1e-12 * fmax(fabs(x), fabs(expected))) return 0;
  return scale > 0 ? fmin(fabs(d) / scale, TG_SCORE_MAX) : TG_SCORE_MAX;
}
