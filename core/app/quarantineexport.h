/* tidegate quarantine export: one JSON object a line. */
#ifndef TG_APP_QUARANTINEEXPORT_H
#define TG_APP_QUARANTINEEXPORT_H

#include "core/pg/quarantine.h"

#include <stdio.h>

/* Writes all rows of filter, in the order of their ids: everything that is known of them, and the
 * event as it came: key and value as text where they are UTF-8, else as key_base64, value_base64.
 * *rows: how many. TG_FATAL: `to` cannot be written. */
enum tg_rc tg_quarantine_export(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                                FILE *to, uint64_t *rows, struct tg_err *err);

#endif
