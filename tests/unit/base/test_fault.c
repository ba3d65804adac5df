/* Fault points: at which visit they act, and how. */
#include "core/base/fault.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_point_fails_at_its_visit_only(void **state)
{
  (void)state;
  assert_false(tg_fault("test.third"));
  assert_false(tg_fault("test.third"));
  assert_true(tg_fault("test.third"));
  assert_false(tg_fault("test.third"));
}

static void a_point_without_a_number_acts_at_the_first_visit(void **state)
{
  (void)state;
  assert_true(tg_fault("test.first"));
  assert_false(tg_fault("test.first"));
}

static void a_switch_is_off_at_every_visit(void **state)
{
  (void)state;
  for (int i = 0; i < 3; i++) assert_true(tg_fault("no.fencing"));
}

static void a_point_that_nobody_asked_for_does_nothing(void **state)
{
  (void)state;
  assert_false(tg_fault("test"));
  assert_false(tg_fault("test.third.not"));
}

/* Visits point in a child; its wait status, or that of its stop. */
static int child(const char *point)
{
  int status = 0;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    tg_fault(point);
    _exit(7);
  }
  assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
  if (!WIFSTOPPED(status)) return status;
  int end = 0;
  kill(pid, SIGCONT);
  assert_int_equal(waitpid(pid, &end, 0), pid);
  assert_int_equal(WEXITSTATUS(end), 7); /* it went on as if nothing had been */
  return status;
}

static void exit_ends_the_process_at_once(void **state)
{
  (void)state;
  int status = child("test.exit");
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 86);
}

static void stop_stops_the_process_until_it_is_woken(void **state)
{
  (void)state;
  assert_true(WIFSTOPPED(child("test.stop")));
}

int main(void)
{
#ifndef TG_FAULTS
  fprintf(stderr, "SKIP: this build has no fault points (preset dev)\n");
  return 77;
#endif
  setenv("TG_FAULT_POINTS",
         "test.third=fail@3,test.first=fail,no.fencing,test.exit=exit,test.stop=stop,=fail", 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_point_fails_at_its_visit_only),
      cmocka_unit_test(a_point_without_a_number_acts_at_the_first_visit),
      cmocka_unit_test(a_switch_is_off_at_every_visit),
      cmocka_unit_test(a_point_that_nobody_asked_for_does_nothing),
      cmocka_unit_test(exit_ends_the_process_at_once),
      cmocka_unit_test(stop_stops_the_process_until_it_is_woken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
