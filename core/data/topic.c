/* Topics: finding fields, and which names may become identifiers. */
#include "core/data/topic.h"

int32_t tg_topic_field(const struct tg_topic *t, struct tg_text name)
{
  for (uint32_t i = 0; i < t->fields_count; i++)
    if (tg_text_eq(t->fields[i].name, name)) return (int32_t)i;
  return -1;
}

static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(struct tg_text name)
{
  if (!name.len || name.len > TG_NAME_BYTES_MAX || !is_letter(name.ptr[0])) return false;
  for (uint32_t i = 1; i < name.len; i++) {
    char c = name.ptr[i];
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '$') return false;
  }
  return true;
}

bool tg_name_ok(struct tg_text name)
{
  if (!is_name(name)) return false;
  if (name.len >= 3 && memcmp(name.ptr, "pg_", 3) == 0) return false;
  return !tg_text_is(name, "information_schema") && !tg_text_is(name, "tidegate");
}
