/* What a canary says, for people: a line a topic, and under it what differs. */
#ifndef TG_APP_CANARYVIEW_H
#define TG_APP_CANARYVIEW_H

#include <jansson.h>
#include <stdio.h>

/* list: as tg_canary_run() writes it; NULL or empty: nothing is printed. */
void tg_canaryview_print(const json_t *list, FILE *out);

#endif
