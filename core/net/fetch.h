/* One HTTP request and its answer, on libcurl; for the command line's calls to a running process.
 * Blocks, with a deadline. */
#ifndef TG_NET_FETCH_H
#define TG_NET_FETCH_H

#include "core/base/buf.h"
#include "core/base/err.h"

/* method "GET" or "POST" (an empty JSON body). token NULL: none. body: at most 16 MiB. TG_RETRY:
 * nobody answered. */
enum tg_rc tg_fetch(const char *method, const char *url, const char *token, long timeout_s,
                    long *status, struct tg_buf *body, struct tg_err *err);

#endif
