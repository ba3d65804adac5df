/* Rules in shadow: those that are to stay there, and new or changed ones that asked for time to be
 * watched before they act. */
#include "bindings/evaluate.h"

bool tg_program_baking(const struct tg_program *p, uint32_t at, struct tg_bake *out)
{
  for (uint32_t t = 0; t < p->scripts_count; t++) {
    const struct tg_script *s = p->scripts[t];
    for (uint32_t r = 0; r < s->rules_count; r++) {
      const struct tg_rule *rule = &s->rules[r];
      if (!rule->bake_us || at-- > 0) continue;
      *out = (struct tg_bake){&s->topic, rule->id, rule->fingerprint, rule->bake_us};
      return true;
    }
  }
  return false;
}

void tg_program_bake(struct tg_program *p, const atomic_llong *until_us)
{
  for (uint32_t t = 0; t < p->scripts_count; t++) {
    struct tg_script *s = p->scripts[t];
    for (uint32_t r = 0; r < s->rules_count; r++)
      if (s->rules[r].bake_us) s->rules[r].bake_until_us = until_us++;
  }
}

bool tg_bake_shadow(const struct tg_rule *rule, int64_t us)
{
  if (rule->shadow) return true;
  return rule->bake_until_us && us < atomic_load(rule->bake_until_us);
}

int64_t tg_bake_time(const struct tg_batch *b)
{
  int64_t us = -1;
  for (uint32_t i = 0; i < b->segments_count; i++)
    if (b->segments[i].rows && b->segments[i].kafka_us_max > us) us = b->segments[i].kafka_us_max;
  return us;
}
