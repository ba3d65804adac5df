/* From a row of the quarantine to its event; see the header. */
#include "core/app/replayread.h"

#include "core/data/emitted.h"

#include <jansson.h>

/* A part of a header: null, text, or {"hex": ".."}; its bytes go to room. */
static bool part_of(const json_t *v, struct tg_buf *room, struct tg_text *out)
{
  const char *hex = json_string_value(json_object_get(v, "hex"));
  *out = (struct tg_text){NULL, 0};
  tg_buf_clear(room);
  if (json_is_null(v)) return true;
  if (json_is_string(v))
    return *out = tg_text_of(json_string_value(v), json_string_length(v)), true;
  if (!hex || strlen(hex) % 2) return false;
  for (const char *at = hex; *at; at += 2) {
    char digits[3] = {at[0], at[1], 0}, *end;
    tg_buf_char(room, (char)strtoul(digits, &end, 16));
    if (end != digits + 2) return false;
  }
  *out = tg_text_of(room->ptr ? room->ptr : "", room->len);
  return !room->failed;
}

static bool add_header(const json_t *pair, struct tg_buf *out)
{
  struct tg_buf rooms[2];
  struct tg_text name, value;
  tg_buf_init(&rooms[0], 0), tg_buf_init(&rooms[1], 0);
  bool good = json_array_size(pair) == 2 && part_of(json_array_get(pair, 0), &rooms[0], &name) &&
              part_of(json_array_get(pair, 1), &rooms[1], &value);
  if (good) tg_headers_add(out, name, value);
  tg_buf_fini(&rooms[0]), tg_buf_fini(&rooms[1]);
  return good && !out->failed;
}

static bool pack(const char *text, struct tg_buf *out)
{
  json_t *list = json_loads(text, 0, NULL);
  bool good = json_is_array(list);
  for (size_t i = 0; good && i < json_array_size(list); i++)
    good = add_header(json_array_get(list, i), out);
  json_decref(list);
  return good;
}

enum tg_rc tg_replay_event(const struct tg_rejected *r, uint32_t slot, struct tg_buf *headers,
                           struct tg_event *out, struct tg_err *err)
{
  tg_buf_clear(headers);
  if (r->headers && !pack(r->headers, headers))
    return tg_err_set(err, TG_DATA, "tidegate.quarantine",
                      "the headers of %d:%lld are not [[name, value], ..]: were they changed by "
                      "hand?",
                      r->partition_id, (long long)r->offset);
  *out = (struct tg_event){.slot = slot,
                           .partition = r->part,
                           .offset = r->offset,
                           .kafka_us = r->kafka_us,
                           .size = r->value_size,
                           .oversize = r->value_size > r->value.len || r->key.len == TG_CUT_BYTES,
                           .key = r->key,
                           .value = r->value,
                           .headers = tg_buf_view(headers)};
  return TG_OK;
}
