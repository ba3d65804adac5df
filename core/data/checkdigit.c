/* Check digits: one pass over the characters each. */
#include "core/data/checkdigit.h"

/* 0 to 35, or -1. */
static int value_of(char c)
{
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
}

static int digit_of(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : -1;
}

/* Adds one digit from the right; `twice` changes with each. */
static void luhn_add(int digit, bool *twice, uint32_t *sum)
{
  int v = *twice ? digit * 2 : digit;
  *sum += (uint32_t)(v > 9 ? v - 9 : v);
  *twice = !*twice;
}

bool tg_checkdigit_luhn(struct tg_text t)
{
  uint32_t sum = 0;
  bool twice = false;
  for (uint32_t i = t.len; i-- > 0;) {
    int v = value_of(t.ptr[i]);
    if (v < 0) return false;
    luhn_add(v % 10, &twice, &sum);
    if (v > 9) luhn_add(v / 10, &twice, &sum);
  }
  return t.len > 0 && sum % 10 == 0;
}

bool tg_checkdigit_97(struct tg_text t)
{
  uint32_t rest = 0;
  for (uint32_t i = 0; i < t.len; i++) {
    int v = value_of(t.ptr[i]);
    if (v < 0) return false;
    rest = (rest * (v > 9 ? 100 : 10) + (uint32_t)v) % 97;
  }
  return rest == 1;
}

/* A digit, or X = 10 at the end; -1 for anything else. */
static int digit_or_x(struct tg_text t, uint32_t i)
{
  return i + 1 == t.len && t.ptr[i] == 'X' ? 10 : digit_of(t.ptr[i]);
}

bool tg_checkdigit_11_2(struct tg_text t)
{
  uint32_t rest = 0;
  for (uint32_t i = 0; i < t.len; i++) {
    int v = digit_or_x(t, i);
    if (v < 0) return false;
    rest = (rest * 2 + (uint32_t)v) % 11;
  }
  return t.len > 0 && rest == 1;
}

bool tg_checkdigit_11(struct tg_text t)
{
  uint32_t sum = 0;
  for (uint32_t i = 0; i < t.len; i++) {
    int v = digit_or_x(t, i);
    if (v < 0) return false;
    sum += (uint32_t)v * (t.len - i);
  }
  return t.len > 0 && sum % 11 == 0;
}

bool tg_checkdigit_gs1(struct tg_text t)
{
  uint32_t sum = 0;
  for (uint32_t i = 0; i < t.len; i++) {
    int v = digit_of(t.ptr[t.len - 1 - i]);
    if (v < 0) return false;
    sum += (uint32_t)v * (i % 2 ? 3 : 1);
  }
  return t.len > 0 && sum % 10 == 0;
}

bool tg_checkdigit_vin(struct tg_text t)
{
  static const char letters[] = "12345678.12345.7.923456789"; /* A to Z; I O Q have no value */
  static const uint8_t weights[17] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  uint32_t sum = 0;
  if (t.len != sizeof weights) return false;
  for (uint32_t i = 0; i < sizeof weights; i++) {
    int v = value_of(t.ptr[i]);
    if (v > 9) v = digit_of(letters[v - 10]);
    if (v < 0) return false;
    sum += (uint32_t)v * weights[i];
  }
  return t.ptr[8] == "0123456789X"[sum % 11];
}
