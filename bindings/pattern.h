/* Lua patterns (Lua 5.4 manual, 6.4.1) with a bound on the work they may do.
 *
 * A Lua pattern is a plain sequence of items; only single characters repeat, groups do not. So it
 * is compiled into a row of nodes, and matching keeps, in each node, where it began and how far it
 * went:
 *
 *   pattern   ^(%a+)=(%d-)$        node   (   %a+   )   =   (   %d-   )   $
 *   subject   ab=12                from   0   0     2   2   3   3     5   5
 *                                  to         2                 5
 *
 * When a node fails, the nodes before it are asked, last first, for another way: a greedy one gives
 * a character back, a lazy one takes one more. No recursion, no allocation while matching. Every
 * node entered, character tried and way taken is a step; a match that needs more than its budget
 * ends with TG_PATTERN_STEPS, which callers must make an error, never "no match".
 *
 * Stricter than the stock library: a malformed pattern is always refused, also where matching would
 * not have reached the fault. Thread: one at a time per pattern. */
#ifndef TG_BINDINGS_PATTERN_H
#define TG_BINDINGS_PATTERN_H

#include "core/base/err.h"
#include "core/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TG_PATTERN_CAPTURES_MAX = 32, TG_PATTERN_BYTES_MAX = 4096 };

enum tg_pattern_found { TG_PATTERN_NO, TG_PATTERN_YES, TG_PATTERN_STEPS, TG_PATTERN_LATE };

struct tg_pattern_node {
  uint8_t kind, repeat; /* what it matches, how often */
  uint8_t a, b;         /* %bxy: x and y; %1: the capture, from 0; ( and ): the capture */
  uint64_t set[4];      /* one bit for each byte that matches */
  size_t from, to;      /* of the match in progress, offsets in the subject */
};

struct tg_pattern_capture {
  size_t from, to;
  bool position; /* "()": only `from` counts */
};

/* What a match may cost. */
struct tg_pattern_budget {
  int64_t steps;            /* left; counts down */
  bool (*late)(void *self); /* asked now and then: true ends the match. May be NULL */
  void *self;
};

struct tg_pattern {
  struct tg_pattern_node *nodes; /* borrowed */
  uint32_t count;
  uint32_t captures;
  bool anchored;                           /* began with ^ */
  uint32_t opens[TG_PATTERN_CAPTURES_MAX]; /* the node of each ( and of its ) */
  uint32_t closes[TG_PATTERN_CAPTURES_MAX];
};

/* Compiles text into nodes, which has room for `text.len` of them (at least one) and must outlive
 * the pattern. anchors: a first ^ anchors, else it is a plain character (gmatch). TG_DATA:
 * malformed; err->what says how. */
enum tg_rc tg_pattern_compile(struct tg_pattern *p, struct tg_pattern_node *nodes,
                              struct tg_text text, bool anchors, struct tg_err *err);

/* Searches text from offset `init` on (an anchored pattern only there). On YES *from and *to are
 * the whole match and tg_pattern_capture() works until the next search. */
enum tg_pattern_found tg_pattern_search(struct tg_pattern *p, struct tg_text text, size_t init,
                                        struct tg_pattern_budget *budget,
                                        struct tg_pattern_capture *whole);

/* Matches at offset `at` only. */
enum tg_pattern_found tg_pattern_match(struct tg_pattern *p, struct tg_text text, size_t at,
                                       struct tg_pattern_budget *budget, size_t *end);

/* Capture i (from 0) of the last match. */
struct tg_pattern_capture tg_pattern_capture(const struct tg_pattern *p, uint32_t i);

#endif
