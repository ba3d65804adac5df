/* Calls of libpq, librdkafka and the allocator that fail, each once: the program of test builds is
 * linked with --wrap, so that its own calls come here first.
 *
 *   TG_FAULT_CALLS=pg|kafka|alloc[/M+R]   what fails; only the ways whose hash is R mod M
 *   TG_FAULT_CALLS_SEEN=FILE              the ways that have failed, over several processes
 *
 * A way is a call and the functions of the program that lead to it. The first time that a way is
 * gone its call fails, later it works. So a run, and those after it while the file grows, meets a
 * failure of each call from each place. tests/e2e/test_calls.py. */
#ifndef TG_TESTS_FAULTS_CALLS_H
#define TG_TESTS_FAULTS_CALLS_H

#include <stdbool.h>

/* True when this call of `kind` must fail now. name: of the function, for the file and the log;
 * site: who called it. */
bool tg_call_fails(const char *kind, const char *name, const void *site);

#endif
