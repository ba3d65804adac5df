/* Lists of registered codes: sorted as the search needs them, every word found, nothing else. */
#include "core/data/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void every_word_of_every_list_is_found(void **state)
{
  (void)state;
  for (const struct tg_registry *const *r = tg_registries; *r; r++) {
    struct tg_text before = {"", 0};
    uint32_t count = 0;
    for (const char *p = (*r)->words + 1; *p; count++) {
      struct tg_text word = tg_text_of(p, strcspn(p, " "));
      if (!tg_registry_has(*r, word)) fail_msg("%s: %.*s", (*r)->name, TG_TEXT(word));
      if (tg_text_cmp(before, word) >= 0)
        fail_msg("%s: %.*s is not sorted", (*r)->name, TG_TEXT(word));
      before = word, p += word.len + 1;
    }
    assert_true(count > 80);
    assert_true((*r)->date[0] == '2');
  }
}

static void what_is_no_word_is_not_found(void **state)
{
  static const char *const words[] = {"", " ", "A", "AA", "ADX", "ZZ", "AD AE", " AD", "AD ", "D"};
  (void)state;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (tg_registry_has(&tg_registry_country2, tg_text(words[i]))) fail_msg("'%s'", words[i]);
}

static void a_value_is_found_by_its_whole_key(void **state)
{
  static const char *const keys[] = {
      "", "A", "AB", "AD:", "AD:8", "ZZ", "aaaaaaaaaaaaaaaaaaaaaaaaa"};
  (void)state;
  assert_true(tg_text_is(tg_registry_value(&tg_registry_iban, tg_text("AD")), "8n12c"));
  assert_true(tg_text_is(tg_registry_value(&tg_registry_iban, tg_text("YE")), "4a4n18c"));
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    assert_null(tg_registry_value(&tg_registry_iban, tg_text(keys[i])).ptr);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_word_of_every_list_is_found),
      cmocka_unit_test(what_is_no_word_is_not_found),
      cmocka_unit_test(a_value_is_found_by_its_whole_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
