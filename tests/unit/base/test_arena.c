/* The arena: alignment, caps, what a reset and a release keep. */
#include "core/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void allocations_are_aligned_and_apart(void **state)
{
  (void)state;
  struct tg_arena a;
  unsigned char *before = NULL;
  tg_arena_init(&a, 256, 0);
  for (size_t size = 0; size < 300; size++) {
    unsigned char *p = tg_arena_alloc(&a, size);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    memset(p, (int)size, size);
    if (size > 1) assert_int_equal(before[size - 2], (unsigned char)(size - 1));
    before = p;
  }
  tg_arena_fini(&a);
}

static void bytes_behind_a_text_are_readable(void **state)
{
  (void)state;
  struct tg_arena a;
  tg_arena_init(&a, 64, 0);
  struct tg_text t = tg_arena_copy(&a, tg_text("0123456789012345678901234567890123456789"
                                               "012345678901234567890123")); /* fills the chunk */
  unsigned sum = 0;
  for (int i = 0; i < TG_ARENA_PAD; i++) sum += (unsigned char)t.ptr[t.len + (uint32_t)i];
  assert_int_equal(sum, 0);
  tg_arena_fini(&a);
}

static void the_cap_holds_and_leaves_the_arena_as_it_was(void **state)
{
  (void)state;
  struct tg_arena a;
  tg_arena_init(&a, 100, 1000);
  char *p = tg_arena_bytes(&a, 600);
  assert_non_null(p);
  size_t used = a.bytes_used;
  assert_null(tg_arena_alloc(&a, 600));
  assert_null(tg_arena_alloc(&a, SIZE_MAX));
  assert_null(tg_arena_zalloc(&a, SIZE_MAX / 2, 4));
  assert_null(tg_arena_copy(&a, tg_text_of(p, 600)).ptr);
  assert_null(tg_arena_printf(&a, "%600d", 1));
  assert_int_equal(a.bytes_used, used);
  assert_non_null(tg_arena_alloc(&a, 300));
  assert_true(a.bytes_held <= 1000);
  tg_arena_fini(&a);
}

static void a_reset_keeps_the_memory_it_is_told_to(void **state)
{
  (void)state;
  struct tg_arena a;
  tg_arena_init(&a, 1000, 0);
  for (int i = 0; i < 10; i++) assert_non_null(tg_arena_alloc(&a, 900));
  size_t held = a.bytes_held;
  tg_arena_reset(&a, 0);
  assert_int_equal(a.bytes_held, held);
  assert_int_equal(a.bytes_used, 0);
  for (int i = 0; i < 10; i++) assert_non_null(tg_arena_alloc(&a, 900));
  assert_int_equal(a.bytes_held, held); /* nothing new was needed */
  tg_arena_reset(&a, 3000);
  assert_int_equal(a.bytes_held, 3000);
  tg_arena_fini(&a);
  assert_int_equal(a.bytes_held, 0);
}

static void empty_chunks_make_way_for_a_larger_one_at_the_cap(void **state)
{
  (void)state;
  struct tg_arena a;
  tg_arena_init(&a, 100, 1000);
  for (int i = 0; i < 10; i++) assert_non_null(tg_arena_bytes(&a, 100));
  tg_arena_reset(&a, 0);
  assert_non_null(tg_arena_bytes(&a, 900));
  assert_true(a.bytes_held <= 1000);
  tg_arena_fini(&a);
}

static void a_release_frees_what_came_after_the_mark(void **state)
{
  (void)state;
  struct tg_arena a;
  tg_arena_init(&a, 128, 0);
  struct tg_arena_mark empty = tg_arena_mark(&a);
  char *kept = tg_arena_printf(&a, "%s", "kept");
  struct tg_arena_mark mark = tg_arena_mark(&a);
  char *first = tg_arena_bytes(&a, 50);
  for (int i = 0; i < 10; i++) assert_non_null(tg_arena_alloc(&a, 100));
  tg_arena_release(&a, mark);
  assert_ptr_equal(tg_arena_bytes(&a, 50), first);
  assert_string_equal(kept, "kept");
  size_t held = a.bytes_held;
  tg_arena_release(&a, empty);
  assert_ptr_equal(tg_arena_bytes(&a, 5), kept);
  assert_int_equal(a.bytes_held, held);
  tg_arena_fini(&a);
}

static void null_and_empty_texts_stay_apart(void **state)
{
  (void)state;
  struct tg_arena a;
  tg_arena_init(&a, 128, 0);
  assert_null(tg_arena_copy(&a, (struct tg_text){0}).ptr);
  assert_non_null(tg_arena_copy(&a, tg_text("")).ptr);
  assert_ptr_not_equal(tg_arena_alloc(&a, 0), tg_arena_alloc(&a, 0));
  int *zero = tg_arena_zalloc(&a, 20, sizeof *zero);
  for (int i = 0; i < 20; i++) assert_int_equal(zero[i], 0);
  tg_arena_fini(&a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(allocations_are_aligned_and_apart),
      cmocka_unit_test(bytes_behind_a_text_are_readable),
      cmocka_unit_test(the_cap_holds_and_leaves_the_arena_as_it_was),
      cmocka_unit_test(a_reset_keeps_the_memory_it_is_told_to),
      cmocka_unit_test(empty_chunks_make_way_for_a_larger_one_at_the_cap),
      cmocka_unit_test(a_release_frees_what_came_after_the_mark),
      cmocka_unit_test(null_and_empty_texts_stay_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
