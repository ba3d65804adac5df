/* Compiling Lua patterns into nodes and matching them with a step budget; see the header for the
 * way. */
#include "bindings/pattern.h"

#include <ctype.h>

enum kind { SET, OPEN, CLOSE, POSITION, BACK, BALANCE, FRONTIER, END };
enum repeat { ONCE, STAR, PLUS, LAZY, OPTIONAL };
enum { LATE_EVERY = 1 << 14 }; /* steps between two questions for the deadline */

/* ---- compiling */

struct compiler {
  struct tg_pattern *p;
  struct tg_text text;
  size_t at;
  uint32_t open[TG_PATTERN_CAPTURES_MAX]; /* captures begun and not ended, innermost last */
  uint32_t open_count;
  struct tg_err *err;
};

static enum tg_rc malformed(struct compiler *c, const char *why)
{
  return tg_err_set(c->err, TG_DATA, "", "malformed pattern (%s)", why);
}

static bool more(const struct compiler *c)
{
  return c->at < c->text.len;
}

static uint8_t byte_at(const struct compiler *c, size_t at)
{
  return (uint8_t)c->text.ptr[at];
}

static void set_add(uint64_t *set, unsigned byte)
{
  set[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

static bool set_has(const uint64_t *set, unsigned byte)
{
  return set[byte >> 6] >> (byte & 63) & 1;
}

/* The classes in ASCII, whatever the locale: bytes 0-63 and 64-127. */
static const struct class {
  char letter;
  uint64_t low, high;
} CLASSES[] = {
    {'a', 0, 0x07fffffe07fffffe},
    {'c', 0x00000000ffffffff, 0x8000000000000000},
    {'d', 0x03ff000000000000, 0},
    {'g', 0xfffffffe00000000, 0x7fffffffffffffff},
    {'l', 0, 0x07fffffe00000000},
    {'p', 0xfc00fffe00000000, 0x78000001f8000001},
    {'s', 0x0000000100003e00, 0},
    {'u', 0, 0x0000000007fffffe},
    {'w', 0x03ff000000000000, 0x07fffffe07fffffe},
    {'x', 0x03ff000000000000, 0x0000007e0000007e},
    {'z', 1, 0}, /* as before Lua 5.2 */
    {0, 0, 0},
};

/* What %letter matches: a class, for a capital all but the class, else the character itself. */
static void set_add_class(uint64_t *set, uint8_t letter)
{
  const struct class *c = CLASSES;
  while (c->letter && c->letter != tolower(letter)) c++;
  uint64_t inverted = isupper(letter) ? ~UINT64_C(0) : 0;
  if (!c->letter) {
    set_add(set, letter);
    return;
  }
  set[0] |= c->low ^ inverted;
  set[1] |= c->high ^ inverted;
  set[2] |= inverted;
  set[3] |= inverted;
}

static void set_invert(uint64_t *set)
{
  for (int i = 0; i < 4; i++) set[i] = ~set[i];
}

/* The offset of the ] that ends the set whose first member is at `at`; a ] in first place is a
 * member. 0: none. */
static size_t set_end(const struct compiler *c, size_t at)
{
  for (size_t first = at; at < c->text.len; at++) {
    if (byte_at(c, at) == ']' && at != first) return at;
    if (byte_at(c, at) == '%') at++;
  }
  return 0;
}

/* One member of a set at `at`: a range, a class or a character. Returns where the next one begins.
 */
static size_t set_member(const struct compiler *c, size_t at, size_t end, uint64_t *set)
{
  uint8_t first = byte_at(c, at);
  if (first == '%') {
    set_add_class(set, byte_at(c, at + 1));
    return at + 2;
  }
  if (at + 2 < end && byte_at(c, at + 1) == '-') {
    for (unsigned byte = first; byte <= byte_at(c, at + 2); byte++) set_add(set, byte);
    return at + 3;
  }
  set_add(set, first);
  return at + 1;
}

/* c->at is behind the [. */
static enum tg_rc compile_set(struct compiler *c, uint64_t *set)
{
  bool inverted = more(c) && byte_at(c, c->at) == '^';
  if (inverted) c->at++;
  size_t end = set_end(c, c->at);
  if (!end) return malformed(c, "missing ']'");
  while (c->at < end) c->at = set_member(c, c->at, end, set);
  c->at = end + 1;
  if (inverted) set_invert(set);
  return TG_OK;
}

static uint8_t compile_repeat(struct compiler *c)
{
  if (!more(c)) return ONCE;
  switch (byte_at(c, c->at)) {
  case '*': c->at++; return STAR;
  case '+': c->at++; return PLUS;
  case '-': c->at++; return LAZY;
  case '?': c->at++; return OPTIONAL;
  default: return ONCE;
  }
}

/* ( or (): c->at is behind the (. */
static enum tg_rc compile_open(struct compiler *c, struct tg_pattern_node *n)
{
  struct tg_pattern *p = c->p;
  if (p->captures == TG_PATTERN_CAPTURES_MAX) return malformed(c, "more than 32 captures");
  uint32_t capture = p->captures++;
  p->opens[capture] = p->closes[capture] = (uint32_t)(n - p->nodes);
  if (more(c) && byte_at(c, c->at) == ')') {
    c->at++;
    n->kind = POSITION;
    return TG_OK;
  }
  n->kind = OPEN;
  c->open[c->open_count++] = capture;
  return TG_OK;
}

static enum tg_rc compile_close(struct compiler *c, struct tg_pattern_node *n)
{
  if (!c->open_count) return malformed(c, "')' without '('");
  n->kind = CLOSE;
  c->p->closes[c->open[--c->open_count]] = (uint32_t)(n - c->p->nodes);
  return TG_OK;
}

/* %1: a capture that has ended before. */
static enum tg_rc compile_back(struct compiler *c, struct tg_pattern_node *n, uint8_t digit)
{
  uint32_t capture = (uint32_t)digit - '1';
  bool known = digit != '0' && capture < c->p->captures;
  for (uint32_t i = 0; i < c->open_count; i++) known = known && c->open[i] != capture;
  if (!known) return malformed(c, "%1 to %9 name a capture that has ended before");
  n->kind = BACK;
  n->a = (uint8_t)capture;
  return TG_OK;
}

static enum tg_rc compile_balance(struct compiler *c, struct tg_pattern_node *n)
{
  if (c->at + 2 > c->text.len) return malformed(c, "%b needs two characters");
  n->kind = BALANCE;
  n->a = byte_at(c, c->at++);
  n->b = byte_at(c, c->at++);
  return TG_OK;
}

static enum tg_rc compile_frontier(struct compiler *c, struct tg_pattern_node *n)
{
  if (!more(c) || byte_at(c, c->at) != '[') return malformed(c, "%f needs a set, '['");
  c->at++;
  n->kind = FRONTIER;
  return compile_set(c, n->set);
}

/* c->at is behind the %. */
static enum tg_rc compile_escape(struct compiler *c, struct tg_pattern_node *n)
{
  if (!more(c)) return malformed(c, "ends with '%'");
  uint8_t letter = byte_at(c, c->at++);
  if (letter == 'b') return compile_balance(c, n);
  if (letter == 'f') return compile_frontier(c, n);
  if (isdigit(letter)) return compile_back(c, n, letter);
  set_add_class(n->set, letter);
  n->repeat = compile_repeat(c);
  return TG_OK;
}

static enum tg_rc compile_item(struct compiler *c, struct tg_pattern_node *n)
{
  uint8_t byte = byte_at(c, c->at++);
  switch (byte) {
  case '(': return compile_open(c, n);
  case ')': return compile_close(c, n);
  case '%': return compile_escape(c, n);
  case '$':
    if (more(c)) break;
    n->kind = END;
    return TG_OK;
  default: break;
  }
  enum tg_rc rc = TG_OK;
  if (byte == '[') {
    rc = compile_set(c, n->set);
  } else {
    set_add(n->set, byte);
    if (byte == '.') memset(n->set, 0xff, sizeof n->set);
  }
  n->repeat = compile_repeat(c);
  return rc;
}

enum tg_rc tg_pattern_compile(struct tg_pattern *p, struct tg_pattern_node *nodes,
                              struct tg_text text, bool anchors, struct tg_err *err)
{
  struct compiler c = {.p = p, .text = text, .err = err};
  *p = (struct tg_pattern){.nodes = nodes};
  p->anchored = anchors && text.len && *text.ptr == '^';
  c.at = p->anchored;
  while (more(&c)) {
    struct tg_pattern_node *n = &nodes[p->count++];
    *n = (struct tg_pattern_node){.kind = SET};
    enum tg_rc rc = compile_item(&c, n);
    if (rc != TG_OK) return rc;
  }
  return c.open_count ? malformed(&c, "'(' without ')'") : TG_OK;
}

/* ---- matching */

struct match {
  struct tg_pattern *p;
  const uint8_t *text;
  size_t len;
  struct tg_pattern_budget *budget;
};

static bool takes(const struct match *m, const struct tg_pattern_node *n, size_t at)
{
  return at < m->len && set_has(n->set, m->text[at]);
}

/* The balanced text from n->from on: its end in n->to. */
static bool enter_balance(struct match *m, struct tg_pattern_node *n)
{
  size_t at = n->from;
  if (at >= m->len || m->text[at] != n->a) return false;
  size_t depth = 1;
  while (++at < m->len) {
    if (m->text[at] == n->b) {
      if (--depth == 0) break;
    } else if (m->text[at] == n->a) {
      depth++;
    }
  }
  m->budget->steps -= (int64_t)(at - n->from);
  n->to = at + 1;
  return at < m->len;
}

static bool enter_back(struct match *m, struct tg_pattern_node *n)
{
  struct tg_pattern_capture c = tg_pattern_capture(m->p, n->a);
  size_t size = c.position ? 0 : c.to - c.from;
  if (c.position || size > m->len - n->from) return false;
  m->budget->steps -= (int64_t)(size / 8);
  n->to = n->from + size;
  return memcmp(m->text + c.from, m->text + n->from, size) == 0;
}

/* Beyond both ends of the subject there is a NUL. */
static bool enter_frontier(const struct match *m, const struct tg_pattern_node *n)
{
  uint8_t before = n->from ? m->text[n->from - 1] : 0;
  uint8_t after = n->from < m->len ? m->text[n->from] : 0;
  return !set_has(n->set, before) && set_has(n->set, after);
}

static bool enter_set(struct match *m, struct tg_pattern_node *n)
{
  size_t least = n->repeat == ONCE || n->repeat == PLUS;
  size_t most = n->repeat == STAR || n->repeat == PLUS ? m->len : 1;
  if (n->repeat == LAZY) most = 0;
  size_t at = n->from;
  while (at - n->from < most && takes(m, n, at)) at++;
  m->budget->steps -= (int64_t)(at - n->from);
  n->to = at;
  return at - n->from >= least;
}

/* Tries a node at `at`; true: it matched up to n->to. */
static bool enter(struct match *m, struct tg_pattern_node *n, size_t at)
{
  n->from = n->to = at;
  switch (n->kind) {
  case SET: return enter_set(m, n);
  case BACK: return enter_back(m, n);
  case BALANCE: return enter_balance(m, n);
  case FRONTIER: return enter_frontier(m, n);
  case END: return at == m->len;
  default: return true;
  }
}

/* Another way for a node that has matched: one character less, or one more for a lazy one. */
static bool retry(const struct match *m, struct tg_pattern_node *n)
{
  if (n->kind != SET || n->repeat == ONCE) return false;
  if (n->repeat == LAZY) {
    if (!takes(m, n, n->to)) return false;
    n->to++;
    return true;
  }
  if (n->to - n->from <= (n->repeat == PLUS)) return false;
  n->to--;
  return true;
}

static bool is_late(struct tg_pattern_budget *b, int64_t before)
{
  if (!b->late || before / LATE_EVERY == b->steps / LATE_EVERY) return false;
  return b->late(b->self);
}

enum tg_pattern_found tg_pattern_match(struct tg_pattern *p, struct tg_text text, size_t at,
                                       struct tg_pattern_budget *budget, size_t *end)
{
  struct match m = {p, (const uint8_t *)text.ptr, text.len, budget};
  uint32_t i = 0;
  while (i < p->count) {
    int64_t before = budget->steps--;
    bool matched = enter(&m, &p->nodes[i], at);
    while (!matched && i > 0) {
      budget->steps--;
      matched = retry(&m, &p->nodes[--i]);
    }
    if (budget->steps < 0) return TG_PATTERN_STEPS;
    if (is_late(budget, before)) return TG_PATTERN_LATE;
    if (!matched) return TG_PATTERN_NO;
    at = p->nodes[i++].to;
  }
  *end = at;
  return TG_PATTERN_YES;
}

enum tg_pattern_found tg_pattern_search(struct tg_pattern *p, struct tg_text text, size_t init,
                                        struct tg_pattern_budget *budget,
                                        struct tg_pattern_capture *whole)
{
  for (size_t at = init; at <= text.len; at++) {
    enum tg_pattern_found found = tg_pattern_match(p, text, at, budget, &whole->to);
    whole->from = at;
    if (found != TG_PATTERN_NO || p->anchored) return found;
  }
  return TG_PATTERN_NO;
}

struct tg_pattern_capture tg_pattern_capture(const struct tg_pattern *p, uint32_t i)
{
  const struct tg_pattern_node *open = &p->nodes[p->opens[i]];
  const struct tg_pattern_node *close = &p->nodes[p->closes[i]];
  return (struct tg_pattern_capture){open->from, close->from, open->kind == POSITION};
}
