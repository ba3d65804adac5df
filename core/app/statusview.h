/* What `tidegate status` prints of /status.json: one screen of at most 100 columns.
 *
 *   what runs, since when, on which lanes; what came of it
 *   topics: those that wait first, then as many as fit
 *   windows and lookups, a few of each
 *   what stands, the worst first, each with what to do next; or that nothing does
 *
 * What does not fit is counted, and is in --json. Texts come from data and other servers: control
 * characters are shown as spaces. */
#ifndef TG_APP_STATUSVIEW_H
#define TG_APP_STATUSVIEW_H

#include <jansson.h>
#include <stdio.h>

void tg_statusview_print(const json_t *status, FILE *out);

#endif
