/* What /status.json shows of windows: the keeper writes a topic's after each look at it, the HTTP
 * thread reads all of them.
 *
 * Thread: any; a mutex inside. */
#ifndef TG_APP_WINDOWVIEW_H
#define TG_APP_WINDOWVIEW_H

#include "core/app/hub.h"
#include "core/base/buf.h"

struct tg_windowview {
  pthread_mutex_t lock;
  struct tg_buf topics[TG_TOPICS_MAX]; /* by number, an object each; empty: nothing to show */
};

void tg_windowview_init(struct tg_windowview *v);
void tg_windowview_fini(struct tg_windowview *v);

/* Takes what json holds in exchange for what was shown, and empties it. */
void tg_windowview_put(struct tg_windowview *v, uint32_t topic, struct tg_buf *json);

/* The topics are other ones now. */
void tg_windowview_clear(struct tg_windowview *v);

/* Appends a JSON list. */
void tg_windowview_write(struct tg_windowview *v, struct tg_buf *out);

#endif
