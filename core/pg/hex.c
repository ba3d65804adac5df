/* bytea as text. */
#include "core/pg/hex.h"

static int digit(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tg_hex_read(struct tg_buf *out, const char *text)
{
  if (text[0] != '\\' || text[1] != 'x' || !tg_buf_reserve(out, strlen(text) / 2)) return false;
  for (text += 2; *text; text += 2) {
    int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
    if (low < 0) return false;
    out->ptr[out->len++] = (char)(high << 4 | low);
  }
  return true;
}

void tg_hex_write(struct tg_buf *out, struct tg_text bytes)
{
  static const char digits[] = "0123456789abcdef";
  tg_buf_str(out, "\\x");
  if (!tg_buf_reserve(out, 2 * (size_t)bytes.len)) return;
  for (uint32_t i = 0; i < bytes.len; i++) {
    unsigned char byte = (unsigned char)bytes.ptr[i];
    out->ptr[out->len++] = digits[byte >> 4];
    out->ptr[out->len++] = digits[byte & 15];
  }
}
