/* With `reload.watch` the folders are read every TG_WATCH_US. A set that was the same twice, and
 * was not tried before, is reloaded: no half of an editor's or a deployment's work. Reading, and
 * not inotify: it works on every mount, and a Kubernetes ConfigMap needs no care.
 *
 * Thread: main. */
#ifndef TG_APP_WATCH_H
#define TG_APP_WATCH_H

#include "core/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct tg_config;

enum { TG_WATCH_US = 2000000 };

/* Sets by name; one that cannot be read by its first fault, shortened. */
struct tg_watch {
  int64_t due_us; /* monotonic */
  char seen[65];  /* when the folders were read last */
  char tried[65]; /* what was taken over or refused last */
};

/* That set was tried, whoever asked for it. "": ignored. */
void tg_watch_tried(struct tg_watch *w, const char *sha256);
/* True when what lies on disk has changed and settled; it counts as tried. */
bool tg_watch_due(struct tg_watch *w, const struct tg_config *config);

#endif
