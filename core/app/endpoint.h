/* The HTTP endpoint of a process: /metrics, /livez, /readyz, /healthz, /version, /status.json,
 * POST /-/reload. Reads atomics and snapshots, never touches a lane. Routes and bodies:
 * docs/HTTP.md. */
#ifndef TG_APP_ENDPOINT_H
#define TG_APP_ENDPOINT_H

#include "core/app/process.h"

/* Listens on config->http_listen. TG_CONFIG: the address cannot be used. */
enum tg_rc tg_endpoint_new(struct tg_process *p, struct tg_endpoint **out, struct tg_err *err);
/* Waits for requests under way; NULL is fine. */
void tg_endpoint_free(struct tg_endpoint *e);

uint16_t tg_endpoint_port(const struct tg_endpoint *e);

/* The body of /status.json. */
void tg_endpoint_status(struct tg_process *p, struct tg_buf *out);

#endif
