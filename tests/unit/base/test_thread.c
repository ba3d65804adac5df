/* Threads carry the name that tells whose CPU time it is. */
#include "core/base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct seen {
  pthread_barrier_t named;
  char name[64];
};

static void *look(void *self)
{
  struct seen *s = self;
  pthread_barrier_wait(&s->named);
  pthread_getname_np(pthread_self(), s->name, sizeof s->name);
  return NULL;
}

static void *name_itself(void *self)
{
  struct seen *s = self;
  pthread_barrier_wait(&s->named);
  tg_thread_name("tg-http");
  pthread_getname_np(pthread_self(), s->name, sizeof s->name);
  return NULL;
}

static void assert_name(const char *given, void *(*run)(void *), const char *want)
{
  struct seen s = {.name = ""};
  pthread_t thread;
  pthread_barrier_init(&s.named, NULL, 2);
  assert_true(tg_thread_start(&thread, given, run, &s));
  pthread_barrier_wait(&s.named);
  pthread_join(thread, NULL);
  pthread_barrier_destroy(&s.named);
  assert_string_equal(s.name, want);
}

static void a_thread_has_its_name(void **state)
{
  (void)state;
  assert_name("tg-worker-12", look, "tg-worker-12");
}

static void too_long_a_name_is_cut(void **state)
{
  (void)state;
  assert_name("tg-worker-with-a-long-name", look, "tg-worker-with-");
}

static void a_thread_names_itself(void **state)
{
  (void)state;
  assert_name("other", name_itself, "tg-http");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_thread_has_its_name),
      cmocka_unit_test(too_long_a_name_is_cut),
      cmocka_unit_test(a_thread_names_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
