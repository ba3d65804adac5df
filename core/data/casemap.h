/* Upper and lower case of all of Unicode: the simple mappings, one code point to one, without
 * locale or context (the German sharp s stays, the Turkish i is not known, a final sigma is an
 * ordinary one). ASCII alone is faster: tg_text_lower(). The table is made by registry.py. */
#ifndef TG_DATA_CASEMAP_H
#define TG_DATA_CASEMAP_H

#include "core/base/arena.h"

enum tg_case { TG_CASE_LOWER, TG_CASE_UPPER };

/* One code point. */
uint32_t tg_casemap_code(enum tg_case to, uint32_t code);

/* A text in the arena; ptr NULL when that is full. Bytes that are not UTF-8 stay as they are. */
struct tg_text tg_casemap_text(enum tg_case to, struct tg_arena *a, struct tg_text t);

#endif
