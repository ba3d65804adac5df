/* Every file of tests/attacks runs in a VM of its own, which must survive it: the call ends within
 * its deadline and a
 * second, as the file's first line says, memory stays under its cap, and the VM's world is as it
 * was.
 *
 *   -- expect: deadline | memory | ok | error TEXT -- what it tries */
#include "bindings/vm.h"

#include "core/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <dirent.h>
#include <sys/resource.h>

#define MEMORY_MAX  ((size_t)32 << 20)
#define DEADLINE_US (200 * TG_MS)
#define PATIENT_US  (20 * TG_SEC) /* for attacks that must end by themselves */

/* On its own CPU time a call must end within a second; a loaded machine may let it wait longer. */
#define CPU_SLACK_US  TG_SEC
#define WAIT_SLACK_US (20 * TG_SEC)

enum { FILE_MAX = 8192, ATTACKS_MIN = 40 };

struct attack {
  char path[512];
  char text[FILE_MAX];
  size_t size;
  char expect[128]; /* between "-- expect: " and " -- " */
};

static const char CANARY[] = "assert(('a'):rep(2) == 'aa' and string.format('%d', 3) == '3')\n"
                             "assert(table.concat({1, 2}, '-') == '1-2' and math.max(1, 2) == 2)\n"
                             "assert(pcall(error) == false and ('ab'):match('b') == 'b')\n"
                             "assert(pcall(function() x = 1 end) == false)\n";

static void read_attack(struct attack *a, const char *name)
{
  static const char MARK[] = "-- expect: ";
  snprintf(a->path, sizeof a->path, "%s/tests/attacks/%s", TG_SOURCE_DIR, name);
  FILE *f = fopen(a->path, "rb");
  assert_non_null(f);
  a->size = fread(a->text, 1, sizeof a->text - 1, f);
  fclose(f);
  a->text[a->size] = 0;
  char *end = strstr(a->text + 1, " -- ");
  if (strncmp(a->text, MARK, strlen(MARK)) != 0 || !end) fail_msg("%s: no expectation", name);
  const char *expect = a->text + strlen(MARK);
  snprintf(a->expect, sizeof a->expect, "%.*s", (int)(end - expect), expect);
}

static enum tg_rc run(struct tg_vm *vm, const char *name, struct tg_text text, struct tg_err *err)
{
  enum tg_rc rc = tg_vm_load(vm, name, text, err);
  return rc == TG_OK ? tg_vm_call(vm, 0, 0, err) : rc;
}

static bool is_expected(const struct attack *a, enum tg_rc rc, const struct tg_err *err)
{
  if (strcmp(a->expect, "ok") == 0) return rc == TG_OK;
  if (strcmp(a->expect, "memory") == 0) {
    return rc == TG_FATAL && strstr(err->what, "needs more than lua.memory");
  }
  if (rc != TG_DATA) return false;
  bool late = strstr(err->what, "ran longer than lua.deadline") != NULL;
  if (strcmp(a->expect, "deadline") == 0) return late;
  return strncmp(a->expect, "error ", 6) == 0 && strstr(err->what, a->expect + 6);
}

/* Returns false and says why when the attack has done more than it may. */
static bool survives(const char *name)
{
  struct attack a;
  struct tg_vm *vm;
  struct tg_err err = {.rc = TG_OK};
  read_attack(&a, name);
  bool endless = strcmp(a.expect, "deadline") == 0;
  struct tg_vm_conf conf = {.memory_max = MEMORY_MAX,
                            .deadline_us = endless ? DEADLINE_US : PATIENT_US};
  assert_int_equal(tg_vm_new(&conf, &vm, &err), TG_OK);
  int64_t cpu = tg_clock_thread_us(), wall = tg_clock_mono_us();
  enum tg_rc rc = run(vm, name, tg_text_of(a.text, a.size), &err);
  cpu = tg_clock_thread_us() - cpu, wall = tg_clock_mono_us() - wall;
  bool expected = is_expected(&a, rc, &err);
  bool placed =
      rc == TG_OK || strstr(err.where, rc == TG_OK ? "" : ".lua:") || strchr(err.where, '/');
  bool in_time =
      (!endless || cpu <= DEADLINE_US + CPU_SLACK_US) && wall <= conf.deadline_us + WAIT_SLACK_US;
  bool small = tg_vm_memory(vm) <= MEMORY_MAX && lua_gettop(tg_vm_lua(vm)) == 0;
  struct tg_err after = {.rc = TG_OK};
  bool whole = rc == TG_FATAL || run(vm, "canary", tg_text(CANARY), &after) == TG_OK;
  tg_vm_free(vm);
  if (expected && placed && in_time && small && whole) return true;
  print_error("%s: expected '%s', got %s '%s: %s', %lld ms CPU, %lld ms, memory and stack %s, %s\n",
              name, a.expect, tg_rc_name(rc), err.where, err.what, (long long)(cpu / TG_MS),
              (long long)(wall / TG_MS), small ? "kept" : "NOT kept", after.what);
  return false;
}

static int is_lua(const struct dirent *entry)
{
  const char *dot = strrchr(entry->d_name, '.');
  return dot && strcmp(dot, ".lua") == 0;
}

static void the_process_survives_every_attack(void **state)
{
  (void)state;
  const char *only = getenv("TG_ATTACK");
  struct dirent **entries;
  int failed = 0, count = scandir(TG_SOURCE_DIR "/tests/attacks", &entries, is_lua, alphasort);
  assert_true(count >= ATTACKS_MIN);
  for (int i = 0; i < count; i++) {
    if (!only || strstr(entries[i]->d_name, only)) failed += !survives(entries[i]->d_name);
    free(entries[i]);
  }
  free(entries);
  print_message("%d attacks, %d not withstood\n", count, failed);
  assert_int_equal(failed, 0);
}

/* Sanitizers hold freed memory back, so only plain builds can say. */
static void the_process_stays_small(void **state)
{
  (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  print_message("not measured under a sanitizer\n");
#else
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  print_message("peak %ld KiB\n", usage.ru_maxrss);
  assert_true((size_t)usage.ru_maxrss * 1024 < 3 * MEMORY_MAX);
#endif
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_process_survives_every_attack),
      cmocka_unit_test(the_process_stays_small),
  };
  return cmocka_run_group_tests_name("attacks", tests, NULL, NULL);
}
