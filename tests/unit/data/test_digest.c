/* The digests' own test vectors, at both ends of their one block. */
#include "core/data/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

typedef void digest(struct tg_text t, uint8_t out[TG_DIGEST_BYTES]);

static void expect(digest *of, const char *text, const char *hex)
{
  uint8_t out[TG_DIGEST_BYTES];
  char got[2 * TG_DIGEST_BYTES + 1];
  of(tg_text(text), out);
  for (int i = 0; i < TG_DIGEST_BYTES; i++) snprintf(got + i * 2, 3, "%02x", out[i]);
  assert_string_equal(got, hex);
}

static void sha256_is_that_of_fips_180(void **state)
{
  (void)state;
  expect(tg_digest_sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(tg_digest_sha256, "abc",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(tg_digest_sha256, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
}

static void keccak256_is_that_of_ethereum(void **state)
{
  (void)state;
  expect(tg_digest_keccak256, "",
         "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  expect(tg_digest_keccak256, "abc",
         "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sha256_is_that_of_fips_180),
      cmocka_unit_test(keccak256_is_that_of_ethereum),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
