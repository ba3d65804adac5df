/* One HTTP request and its answer, on libcurl: the command line's calls to a running process,
 * alerts. Blocks, with a deadline. http and https only; a redirection is an answer. */
#ifndef TG_NET_FETCH_H
#define TG_NET_FETCH_H

#include "core/base/buf.h"
#include "core/base/err.h"

#include <stdatomic.h>

struct tg_fetch {
  const char *method; /* "GET" or "POST" */
  const char *url;
  const char *token; /* bearer token, or NULL */
  long timeout_s;
  const char *body;        /* of POST, JSON; NULL: an empty object */
  const atomic_bool *stop; /* gives up within about a second of its being set; NULL: never */
};

/* body: initialised here, at most 16 MiB, freed by the caller. TG_RETRY: nobody answered. */
enum tg_rc tg_fetch(const struct tg_fetch *f, long *status, struct tg_buf *body,
                    struct tg_err *err);

#endif
