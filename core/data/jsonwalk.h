/* Going through the values of an array or object that has been read before (jsonread.h), one by
 * one. Values that have been read are sound, so nothing can fail on the way.
 *
 *   for (struct tg_jsonwalk w = tg_jsonwalk_into(&j, &v); tg_jsonwalk_next(&w, &member);) .. */
#ifndef TG_DATA_JSONWALK_H
#define TG_DATA_JSONWALK_H

#include "core/data/jsonread.h"

struct tg_jsonwalk {
  struct tg_jsonread j;
  bool object, more;
  struct tg_text key; /* of an object's member, as written */
};

/* Reads the one value of a text; false when it is no JSON. j borrows the index until its next
 * run. */
static inline bool tg_jsonwalk_open(struct tg_jsonindex *index, struct tg_text t,
                                    struct tg_jsonread *j, struct tg_json_value *v)
{
  struct tg_jsonspots spots;
  const char *reason;
  if (tg_jsonindex_run(index, t, &spots, &reason) != TG_OK) return false;
  tg_jsonread_start(j, t, spots);
  return tg_jsonread_value(j, 0, v) && j->next == j->count;
}

static inline struct tg_jsonwalk tg_jsonwalk_into(const struct tg_jsonread *j,
                                                  const struct tg_json_value *v)
{
  struct tg_jsonwalk w = {.j = *j, .object = v->kind == TG_JSON_OBJECT};
  w.j.next = v->token + 1;
  w.more = !tg_jsonread_take(&w.j, w.object ? '}' : ']');
  return w;
}

static inline bool tg_jsonwalk_next(struct tg_jsonwalk *w, struct tg_json_value *v)
{
  if (!w->more) return false;
  if (w->object && !tg_jsonread_key(&w->j, &w->key)) return false;
  return tg_jsonread_value(&w->j, 0, v) && tg_jsonread_more(&w->j, w->object ? '}' : ']', &w->more);
}

#endif
