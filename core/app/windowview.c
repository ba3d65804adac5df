/* What is shown of windows. */
#include "core/app/windowview.h"

void tg_windowview_init(struct tg_windowview *v)
{
  pthread_mutex_init(&v->lock, NULL);
  for (uint32_t t = 0; t < TG_TOPICS_MAX; t++) tg_buf_init(&v->topics[t], 0);
}

void tg_windowview_fini(struct tg_windowview *v)
{
  for (uint32_t t = 0; t < TG_TOPICS_MAX; t++) tg_buf_fini(&v->topics[t]);
  pthread_mutex_destroy(&v->lock);
}

void tg_windowview_put(struct tg_windowview *v, uint32_t topic, struct tg_buf *json)
{
  pthread_mutex_lock(&v->lock);
  struct tg_buf before = v->topics[topic];
  v->topics[topic] = *json;
  pthread_mutex_unlock(&v->lock);
  *json = before;
  tg_buf_clear(json);
}

void tg_windowview_clear(struct tg_windowview *v)
{
  pthread_mutex_lock(&v->lock);
  for (uint32_t t = 0; t < TG_TOPICS_MAX; t++) tg_buf_clear(&v->topics[t]);
  pthread_mutex_unlock(&v->lock);
}

void tg_windowview_write(struct tg_windowview *v, struct tg_buf *out)
{
  const char *separator = "";
  tg_buf_char(out, '[');
  pthread_mutex_lock(&v->lock);
  for (uint32_t t = 0; t < TG_TOPICS_MAX; t++) {
    if (!v->topics[t].len || v->topics[t].failed) continue;
    tg_buf_str(out, separator);
    tg_buf_text(out, tg_buf_view(&v->topics[t]));
    separator = ",";
  }
  pthread_mutex_unlock(&v->lock);
  tg_buf_char(out, ']');
}
