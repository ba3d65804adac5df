/* Reads a declared lookup from its table: one statement, and so one moment of the database. */
#ifndef TG_PG_LOOKUPTABLE_H
#define TG_PG_LOOKUPTABLE_H

#include "core/data/lookup.h"
#include "core/pg/conn.h"

/* Reads all rows through a cursor. *out: one reference, the caller's; its version is the server's
 * time at which the reading began. TG_CONFIG: the table or a column is not there, SELECT is not
 * granted, a snapshot would be larger than bytes_max; TG_DATA: a key is null or there twice, a
 * value is not of its declared type; TG_RETRY: the server. */
enum tg_rc tg_lookuptable_read(struct tg_pg *pg, const struct tg_lookup_source *source,
                               size_t bytes_max, int64_t deadline_us, struct tg_lookup **out,
                               struct tg_err *err);

/* Can it be read? Takes no rows. Errors as above. */
enum tg_rc tg_lookuptable_probe(struct tg_pg *pg, const struct tg_lookup_source *source,
                                int64_t deadline_us, struct tg_err *err);

#endif
