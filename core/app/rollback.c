/* New sets on trial. */
#include "core/app/rollback.h"

#include "core/base/clock.h"
#include "core/base/log.h"

#include <string.h>

enum { AGAIN_US = 5000000 };

void tg_rollback_disarm(struct tg_process *p)
{
  tg_generation_drop(p->rollback.former);
  p->rollback = (struct tg_rollback){0};
  if (p->hub) tg_hub_trial_over(p->hub);
}

void tg_rollback_arm(struct tg_process *p, const struct tg_generation *next, bool trial)
{
  const struct tg_generation *before = p->generation;
  if (strcmp(next->files.sha256, before->files.sha256) == 0) return; /* what is on trial stays so */
  tg_rollback_disarm(p);
  trial = trial && p->config->rollback_us;
  if (trial && !(p->rollback.former = tg_generation_copy(before)))
    tg_log(TG_WARN, "reload", "no memory to keep the set before: no rollback to it");
  p->rollback.until_us = tg_clock_mono_us() + p->config->rollback_us;
  tg_hub_run(p->hub, next->files.sha256, p->rollback.former != NULL);
}

bool tg_rollback_due(struct tg_process *p, char *why, size_t size)
{
  int64_t now = tg_clock_mono_us();
  if (!p->rollback.former || now < p->rollback.after_us) return false;
  if (now >= p->rollback.until_us) return tg_rollback_disarm(p), false;
  p->rollback.after_us = tg_hub_trial_failed(p->hub, why, size) ? now + AGAIN_US : 0;
  return p->rollback.after_us != 0;
}
