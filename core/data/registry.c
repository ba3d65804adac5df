/* Looking up a word in a sorted list of words: a binary search over the bytes. */
#include "core/data/registry.h"

const struct tg_registry *const tg_registries[] = {
    &tg_registry_country2, &tg_registry_country3, &tg_registry_currency, &tg_registry_language,
    &tg_registry_zone,     &tg_registry_iban,     &tg_registry_calling,  NULL,
};

/* The last word that is not above `word`, or an empty one. words[low] and words[high] are spaces
 * around what may hold it. */
static struct tg_text floor_word(const char *words, struct tg_text word)
{
  size_t low = 0, high = strlen(words) - 1;
  struct tg_text best = {words, 0};
  while (low < high) {
    size_t from = low + (high - low) / 2;
    while (words[from] != ' ') from--;
    size_t to = from + 1 + strcspn(words + from + 1, " ");
    struct tg_text here = tg_text_of(words + from + 1, to - from - 1);
    if (tg_text_cmp(here, word) > 0) {
      high = from;
    } else {
      best = here;
      low = to;
    }
  }
  return best;
}

bool tg_registry_has(const struct tg_registry *r, struct tg_text word)
{
  return word.len > 0 && tg_text_eq(floor_word(r->words, word), word);
}

struct tg_text tg_registry_value(const struct tg_registry *r, struct tg_text key)
{
  char low[16];
  if (!key.len || key.len + 1 >= sizeof low) return (struct tg_text){NULL, 0};
  memcpy(low, key.ptr, key.len);
  memcpy(low + key.len, ";", 1); /* the byte behind ':' */
  struct tg_text found = floor_word(r->words, tg_text_of(low, key.len + 1));
  if (found.len <= key.len || memcmp(found.ptr, key.ptr, key.len) != 0 || found.ptr[key.len] != ':')
    return (struct tg_text){NULL, 0};
  return tg_text_of(found.ptr + key.len + 1, found.len - key.len - 1);
}
