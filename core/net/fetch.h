/* One HTTP request and its answer, on libcurl; for the command line's calls to a running process.
 * Blocks, with a deadline. */
#ifndef TG_NET_FETCH_H
#define TG_NET_FETCH_H

#include "core/base/buf.h"
#include "core/base/err.h"

struct tg_fetch {
  const char *method; /* "GET" or "POST" (with an empty JSON object as its body) */
  const char *url;
  const char *token; /* bearer token, or NULL */
  long timeout_s;
};

/* body: initialised here, at most 16 MiB, freed by the caller. TG_RETRY: nobody answered. */
enum tg_rc tg_fetch(const struct tg_fetch *f, long *status, struct tg_buf *body,
                    struct tg_err *err);

#endif
