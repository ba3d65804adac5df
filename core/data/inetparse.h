/* IPv4 and IPv6 addresses with an optional /bits -> the bytes that PostgreSQL's inet has on the
 * wire.
 *
 *   byte family (2 = IPv4, 3 = IPv6)   byte bits   byte is_cidr (0)   byte length (4, 16)   address
 * bytes Source: PostgreSQL, src/backend/utils/adt/network.c, network_send(). */
#ifndef TG_DATA_INETPARSE_H
#define TG_DATA_INETPARSE_H

#include "core/base/text.h"

enum { TG_INET_BYTES_MAX = 4 + 16 };

/* Returns the bytes written to out, 0 when t is no address. */
uint32_t tg_inet_parse(struct tg_text t, uint8_t out[TG_INET_BYTES_MAX]);

#endif
