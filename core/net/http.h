/* A small HTTP/1.1 server on libmicrohttpd: one thread, whole bodies, fixed limits.
 *
 *   connections 64, idle 15 s, header 16 KiB, body 64 KiB; anything beyond is refused by the
 *   library or with 413.
 *
 * The handler runs on the server's thread and fills the answer. Nothing is served before
 * tg_http_new() returned, nothing after tg_http_free(). */
#ifndef TG_NET_HTTP_H
#define TG_NET_HTTP_H

#include "core/base/buf.h"
#include "core/base/err.h"

#include <stdint.h>

struct tg_http;

struct tg_http_request {
  const char *method, *path;
  const char *query; /* value of ?verbose and the like: name of the first argument, or NULL */
  const char *accept, *authorization, *content_type, *host, *origin; /* headers, NULL when absent */
  struct tg_text body;
};

struct tg_http_answer {
  unsigned status;          /* 200 unless the handler says otherwise */
  const char *content_type; /* "application/json" unless .. */
  struct tg_buf body;
};

typedef void tg_http_handler(void *self, const struct tg_http_request *q, struct tg_http_answer *a);

/* listen: "127.0.0.1:8080", "[::1]:8080", ":8080" (every address); port 0 picks one. TG_CONFIG:
 * the address is taken or not one. */
enum tg_rc tg_http_new(const char *listen, tg_http_handler *handler, void *self,
                       struct tg_http **out, struct tg_err *err);
uint16_t tg_http_port(const struct tg_http *h);
void tg_http_free(struct tg_http *h);

/* Splits "host:port"; host keeps no brackets. False when it is none. */
bool tg_http_address(const char *listen, char *host, size_t size, uint16_t *port);

/* True when "Bearer TOKEN" carries exactly this token; takes the same time wherever they differ. */
bool tg_http_bearer(const char *authorization, const char *token);

#endif
