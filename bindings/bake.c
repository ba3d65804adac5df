/* Rules in shadow: new or changed ones that asked for time to be watched before they act. */
#include "bindings/evaluate.h"

static const struct tg_script *script_of(const struct tg_program *p, struct tg_text name)
{
  for (uint32_t i = 0; i < p->scripts_count; i++)
    if (tg_text_eq(p->scripts[i]->topic.name, name)) return p->scripts[i];
  return NULL;
}

static const struct tg_rule *same_rule(const struct tg_script *s, const struct tg_rule *rule)
{
  for (uint32_t i = 0; i < s->rules_count; i++) {
    const struct tg_rule *other = &s->rules[i];
    if (other->fingerprint == rule->fingerprint && strcmp(other->id, rule->id) == 0) return other;
  }
  return NULL;
}

static void bake(struct tg_rule *rule, const struct tg_script *before)
{
  const struct tg_rule *same = same_rule(before, rule);
  rule->baking = same ? same->baking : true;
  rule->bake_until_us = same ? same->bake_until_us : -1;
}

void tg_program_bake(struct tg_program *fresh, const struct tg_program *before)
{
  for (uint32_t i = 0; i < fresh->scripts_count; i++) {
    struct tg_script *s = fresh->scripts[i];
    const struct tg_script *old = script_of(before, s->topic.name);
    for (uint32_t r = 0; old && r < s->rules_count; r++)
      if (s->rules[r].bake_us) bake(&s->rules[r], old);
  }
}

static int64_t newest_us(const struct tg_batch *b)
{
  int64_t us = -1;
  for (uint32_t i = 0; i < b->segments_count; i++)
    if (b->segments[i].rows && b->segments[i].kafka_us_max > us) us = b->segments[i].kafka_us_max;
  return us;
}

static bool shadow_at(struct tg_rule *rule, int64_t now_us)
{
  if (!rule->baking) return false;
  if (now_us < 0) return true; /* records without a time tell nothing */
  if (rule->bake_until_us < 0 &&
      __builtin_add_overflow(now_us, rule->bake_us, &rule->bake_until_us))
    rule->bake_until_us = INT64_MAX;
  rule->baking = now_us < rule->bake_until_us;
  return rule->baking;
}

bool tg_bake_shadow(struct tg_rule *rule, const struct tg_batch *b)
{
  return rule->baking && shadow_at(rule, newest_us(b));
}

bool tg_program_shadow(const struct tg_window_rule *r, int64_t now_us)
{
  return shadow_at(r->rule, now_us);
}
