/* Two digests of short texts, for check sums of addresses: nothing here is secret. Pure functions
 * without state; the text is taken as a whole. */
#ifndef TG_DATA_DIGEST_H
#define TG_DATA_DIGEST_H

#include "core/base/text.h"

enum { TG_DIGEST_BYTES = 32 };

/* SHA-256 of at most 55 bytes, which is one block (FIPS 180-4). */
enum { TG_SHA256_TEXT_MAX = 55 };
void tg_digest_sha256(struct tg_text t, uint8_t out[TG_DIGEST_BYTES]);

/* Keccak-256 as Ethereum has it, with the padding that was changed for SHA-3, of at most 135
 * bytes, which is one block (Bertoni et al., "The Keccak reference", version 3.0; FIPS 202,
 * section 3.2). */
enum { TG_KECCAK256_TEXT_MAX = 135 };
void tg_digest_keccak256(struct tg_text t, uint8_t out[TG_DIGEST_BYTES]);

#endif
