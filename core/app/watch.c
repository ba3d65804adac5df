/* Folders that are looked at now and then. */
#include "core/app/watch.h"

#include "core/app/generation.h"
#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>

void tg_watch_tried(struct tg_watch *w, const char *sha256)
{
  if (*sha256) snprintf(w->tried, sizeof w->tried, "%s", sha256);
}

static void first_fault(void *self, const struct tg_err *err)
{
  char *name = self;
  if (!*name)
    snprintf(name, sizeof((struct tg_watch *)0)->seen, "%.16s%.48s", err->where, err->what);
}

static void read_name(const struct tg_config *config, char *name)
{
  struct tg_generation *g;
  *name = '\0';
  if (tg_generation_read(config, first_fault, name, &g) != TG_OK) return;
  memcpy(name, g->files.sha256, sizeof g->files.sha256);
  tg_generation_drop(g);
}

bool tg_watch_due(struct tg_watch *w, const struct tg_config *config)
{
  char name[sizeof w->seen];
  int64_t now = tg_clock_mono_us();
  if (!config->reload_watch || now < w->due_us) return false;
  w->due_us = now + TG_WATCH_US;
  read_name(config, name);
  bool settled = strcmp(name, w->seen) == 0;
  memcpy(w->seen, name, sizeof name);
  if (!settled || strcmp(name, w->tried) == 0) return false;
  tg_watch_tried(w, name);
  return true;
}
