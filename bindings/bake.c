/* Rules in shadow: those that are to stay there, and new or changed ones that asked for time to be
 * watched before they act. */
#include "bindings/evaluate.h"

/* The at-th rule with `bake`, and its script; NULL: there are no more. */
static struct tg_rule *baking(const struct tg_program *p, uint32_t at, struct tg_script **script)
{
  for (uint32_t t = 0; t < p->scripts_count; t++) {
    *script = p->scripts[t];
    for (uint32_t r = 0; r < (*script)->rules_count; r++) {
      struct tg_rule *rule = &(*script)->rules[r];
      if (rule->bake_us && at-- == 0) return rule;
    }
  }
  return NULL;
}

bool tg_program_baking(const struct tg_program *p, uint32_t at, struct tg_bake *out)
{
  struct tg_script *s;
  const struct tg_rule *rule = baking(p, at, &s);
  if (rule) *out = (struct tg_bake){&s->topic, rule->id, rule->fingerprint, rule->bake_us};
  return rule != NULL;
}

static const struct tg_script *script_named(const struct tg_program *p, struct tg_text name)
{
  for (uint32_t t = 0; t < p->scripts_count; t++)
    if (tg_text_eq(p->scripts[t]->topic.name, name)) return p->scripts[t];
  return NULL;
}

static bool same_fields(const struct tg_topic *a, const struct tg_topic *b)
{
  bool same = a->fields_count == b->fields_count;
  for (uint32_t i = 0; same && i < a->fields_count; i++)
    same = tg_text_eq(a->fields[i].name, b->fields[i].name) &&
           tg_type_eq(a->fields[i].type, b->fields[i].type);
  return same;
}

const char *tg_program_elder(struct tg_program *p, uint32_t at, struct tg_program *elder)
{
  struct tg_script *s;
  struct tg_rule *rule = baking(p, at, &s);
  const struct tg_script *before = rule ? script_named(elder, s->topic.name) : NULL;
  const struct tg_rule *old = NULL;
  for (uint32_t r = 0; before && r < before->rules_count; r++)
    if (strcmp(before->rules[r].id, rule->id) == 0) old = &before->rules[r];
  if (!old) return "it is new";
  if (old->shadow) return "before it was in shadow";
  if (old->state || old->cell) return "it remembers, which two versions cannot";
  if (old->over_us || old->every_us) return "before it was judged over windows or by the clock";
  if (!same_fields(&s->topic, &before->topic)) return "the topic's fields have changed";
  rule->elder = old;
  rule->elder_program = elder;
  return NULL;
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
