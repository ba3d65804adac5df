/* Registered codes compiled in, each list with its date: what is registered today was not yet when
 * an old list was made, so `tidegate version` shows the dates.
 *
 *   words    " AD AE AF .. ZW "     sorted by byte, one space around each
 *
 * The lists are made by registry.py, which names their sources. */
#ifndef TG_DATA_REGISTRY_H
#define TG_DATA_REGISTRY_H

#include "core/base/text.h"

struct tg_registry {
  const char *name; /* "ISO 4217" */
  const char *date; /* "2026-02", or a release such as "2025b" */
  const char *words;
};

extern const struct tg_registry tg_registry_country2, tg_registry_country3, tg_registry_currency,
    tg_registry_language, tg_registry_zone, tg_registry_calling;
/* "AD:8n12c": a country and the structure of what follows the check digits, counts of n digits,
 * a letters, c either. */
extern const struct tg_registry tg_registry_iban;

/* All lists, NULL-terminated. */
extern const struct tg_registry *const tg_registries[];

/* Is the word in the list? */
bool tg_registry_has(const struct tg_registry *r, struct tg_text word);

/* The word of a list of "key:value" whose key this is, as its value; ptr NULL when there is
 * none. */
struct tg_text tg_registry_value(const struct tg_registry *r, struct tg_text key);

#endif
