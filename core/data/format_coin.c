/* Addresses of Bitcoin and Ethereum. Sources: Bitcoin wiki, "Base58Check encoding"; BIP 173, BIP
 * 350; EIP-55. */
#include "core/data/digest.h"
#include "core/data/format_own.h"

enum { BASE58_BYTES = 25, BASE58_TEXT_MIN = 25, BASE58_TEXT_MAX = 35, BECH32_MAX = 90, ETH = 40 };

/* Decodes into exactly BASE58_BYTES, leading ones as leading zeros. */
static bool base58_decode(struct tg_text t, uint8_t out[BASE58_BYTES])
{
  static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  uint32_t ones = 0, zeros = 0;
  memset(out, 0, BASE58_BYTES);
  for (uint32_t i = 0; i < t.len; i++) {
    const char *digit = t.ptr[i] ? strchr(digits, t.ptr[i]) : NULL;
    if (!digit) return false;
    uint32_t carry = (uint32_t)(digit - digits);
    for (uint32_t k = BASE58_BYTES; k-- > 0; carry >>= 8) {
      carry += out[k] * 58u;
      out[k] = (uint8_t)carry;
    }
    if (carry) return false;
  }
  while (ones < t.len && t.ptr[ones] == '1') ones++;
  while (zeros < BASE58_BYTES && !out[zeros]) zeros++;
  return ones == zeros;
}

static bool is_base58_address(struct tg_text t)
{
  uint8_t bytes[BASE58_BYTES], once[TG_DIGEST_BYTES], twice[TG_DIGEST_BYTES];
  if (t.len < BASE58_TEXT_MIN || t.len > BASE58_TEXT_MAX || !base58_decode(t, bytes)) return false;
  if (bytes[0] != 0 && bytes[0] != 5 && bytes[0] != 111 && bytes[0] != 196) return false;
  tg_digest_sha256(tg_text_of((const char *)bytes, BASE58_BYTES - 4), once);
  tg_digest_sha256(tg_text_of((const char *)once, sizeof once), twice);
  return memcmp(twice, bytes + BASE58_BYTES - 4, 4) == 0;
}

static uint32_t bech32_step(uint32_t sum, uint32_t value)
{
  static const uint32_t generators[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  uint32_t top = sum >> 25;
  sum = (sum & 0x1ffffff) << 5 ^ value;
  for (int i = 0; i < 5; i++) sum ^= top >> i & 1 ? generators[i] : 0;
  return sum;
}

/* The five-bit values behind "bc1" and their check sum. False when a character is none. */
static bool bech32_values(struct tg_text t, uint8_t *values, uint32_t *sum)
{
  static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  *sum = 1;
  for (uint32_t i = 0; i < 2; i++) *sum = bech32_step(*sum, (uint32_t)(t.ptr[i] | 0x20) >> 5);
  *sum = bech32_step(*sum, 0);
  for (uint32_t i = 0; i < 2; i++) *sum = bech32_step(*sum, (uint32_t)(t.ptr[i] | 0x20) & 31);
  for (uint32_t i = 3; i < t.len; i++) {
    char c = tg_is_letter(t.ptr[i]) ? (char)(t.ptr[i] | 0x20) : t.ptr[i];
    const char *digit = c ? strchr(digits, c) : NULL;
    if (!digit) return false;
    values[i - 3] = (uint8_t)(digit - digits);
    *sum = bech32_step(*sum, values[i - 3]);
  }
  return true;
}

/* Whole bytes, and what is left of the last value is zero (BIP 173, "Segwit address format"). */
static bool is_program(const uint8_t *values, uint32_t count, uint32_t *bytes)
{
  uint32_t bits = count * 5, left = bits % 8;
  *bytes = bits / 8;
  return left < 5 && (values[count - 1] & ((1u << left) - 1)) == 0;
}

static bool one_case(struct tg_text t)
{
  bool upper = false, lower = false;
  for (uint32_t i = 0; i < t.len; i++) {
    upper |= t.ptr[i] >= 'A' && t.ptr[i] <= 'Z';
    lower |= t.ptr[i] >= 'a' && t.ptr[i] <= 'z';
  }
  return !upper || !lower;
}

static bool is_bech32_address(struct tg_text t)
{
  uint8_t values[BECH32_MAX];
  uint32_t sum, bytes;
  if (t.len < 3 + 1 + 6 + 1 || t.len > BECH32_MAX || !one_case(t)) return false;
  if (!bech32_values(t, values, &sum)) return false;
  uint32_t version = values[0], want = version ? 0x2bc830a3 : 1; /* BIP 350 : BIP 173 */
  if (version > 16 || sum != want || !is_program(values + 1, t.len - 3 - 1 - 6, &bytes))
    return false;
  return version ? bytes >= 2 && bytes <= 40 : bytes == 20 || bytes == 32;
}

int tg_format_btc(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  if (tg_begins(t, "bc1") || tg_begins(t, "tb1")) return is_bech32_address(t);
  return is_base58_address(t);
}

/* EIP-55: a letter is in upper case where the digest of the lower-case address has 8 or more. */
static bool is_eip55(struct tg_text t)
{
  char lower[ETH];
  uint8_t digest[TG_DIGEST_BYTES];
  for (uint32_t i = 0; i < ETH; i++)
    lower[i] = tg_is_letter(t.ptr[i]) ? (char)(t.ptr[i] | 0x20) : t.ptr[i];
  tg_digest_keccak256(tg_text_of(lower, ETH), digest);
  for (uint32_t i = 0; i < ETH; i++) {
    bool high = (digest[i / 2] >> (i % 2 ? 0 : 4) & 15) >= 8;
    if (tg_is_letter(t.ptr[i]) && high != (t.ptr[i] != lower[i])) return false;
  }
  return true;
}

int tg_format_eth(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  if (t.len == ETH + 2 && t.ptr[0] == '0' && t.ptr[1] == 'x') t = tg_rest(t, 2);
  if (t.len != ETH || !tg_all(t, tg_is_hex)) return 0;
  return one_case(t) || is_eip55(t);
}
