/* Reads what lua_dump() writes, for its lines. */
#include "bindings/protolines.h"

#include "core/base/buf.h"

enum {
  DUMP_BYTES_MAX = 64 << 20,
  DEPTH_MAX = 200, /* of functions in functions, as the compiler has it */
  INSTRUCTION_BYTES = 4,
  UPVALUE_BYTES = 3,
  ABSOLUTE = 0x80, /* of lineinfo: the line stands in abslineinfo */
  TAG_INTEGER = 3, /* of a constant: its type, and 16 times its variant */
  TAG_FLOAT = 19,
  TAG_SHORT_TEXT = 4,
  TAG_LONG_TEXT = 20,
};

static const char HEADER[] = "\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08";

struct dump {
  const unsigned char *p, *end;
  bool bad;
  tg_protolines_visit *visit;
  void *self;
};

/* The next n bytes. */
static const unsigned char *skip(struct dump *d, size_t n)
{
  static const unsigned char none[1];
  const unsigned char *at = d->p;
  if ((size_t)(d->end - d->p) < n) d->bad = true;
  if (d->bad) return none;
  d->p += n;
  return at;
}

/* Seven bits a byte, the highest first; the last one has its eighth bit set. */
static size_t number(struct dump *d)
{
  size_t n = 0;
  for (int i = 0; i < 10 && !d->bad; i++) {
    unsigned char byte = *skip(d, 1);
    n = n << 7 | (byte & 0x7f);
    if (byte & 0x80) return n;
  }
  d->bad = true;
  return 0;
}

/* How many of `size` bytes follow; there is no more than what is left. */
static size_t count(struct dump *d, size_t size)
{
  size_t n = number(d);
  if (n > (size_t)(d->end - d->p) / size) d->bad = true;
  return d->bad ? 0 : n;
}

static void skip_text(struct dump *d)
{
  size_t size = number(d);
  if (size) skip(d, size - 1);
}

static void skip_constants(struct dump *d)
{
  for (size_t n = count(d, 1); n && !d->bad; n--) {
    unsigned char tag = *skip(d, 1);
    if (tag == TAG_INTEGER || tag == TAG_FLOAT) skip(d, 8);
    if (tag == TAG_SHORT_TEXT || tag == TAG_LONG_TEXT) skip_text(d);
  }
}

static void skip_names(struct dump *d)
{
  for (size_t n = count(d, 3); n && !d->bad; n--) { /* local variables, and where they live */
    skip_text(d);
    number(d);
    number(d);
  }
  for (size_t n = count(d, 1); n && !d->bad; n--) skip_text(d);
}

/* Each instruction's line is that of the one before and a difference, or stands in the list behind.
 * A function with `...` begins with an instruction that belongs to no line. */
static void read_lines(struct dump *d, uint32_t first, uint32_t last, bool vararg)
{
  size_t code = count(d, 1);
  const unsigned char *steps = skip(d, code);
  size_t absolute = count(d, 2);
  uint32_t line = first;
  for (size_t i = 0; i < code && !d->bad; i++) {
    if (steps[i] == ABSOLUTE) {
      if (!absolute--) d->bad = true;
      number(d);
      line = (uint32_t)number(d);
    } else {
      line += (uint32_t)(int32_t)(signed char)steps[i];
    }
    if (i + 1 < code && !(vararg && i == 0)) d->visit(d->self, line, first, last);
  }
  if (absolute) d->bad = true;
}

static void read_function(struct dump *d, int depth)
{
  skip_text(d);
  uint32_t first = (uint32_t)number(d), last = (uint32_t)number(d);
  bool vararg = skip(d, 3)[1];
  skip(d, count(d, INSTRUCTION_BYTES) * INSTRUCTION_BYTES);
  skip_constants(d);
  skip(d, count(d, UPVALUE_BYTES) * UPVALUE_BYTES);
  if (depth > DEPTH_MAX) d->bad = true;
  for (size_t n = count(d, 1); n && !d->bad; n--) read_function(d, depth + 1);
  read_lines(d, first, last, vararg);
  skip_names(d);
}

static int write_dump(lua_State *L, const void *bytes, size_t size, void *self)
{
  (void)L;
  tg_buf_add(self, bytes, size);
  return ((struct tg_buf *)self)->failed;
}

bool tg_protolines(lua_State *L, tg_protolines_visit *visit, void *self)
{
  struct tg_buf bytes;
  tg_buf_init(&bytes, DUMP_BYTES_MAX);
  bool good = lua_dump(L, write_dump, &bytes, 0) == 0;
  struct tg_text t = tg_buf_view(&bytes);
  struct dump d = {.visit = visit, .self = self};
  d.p = (const unsigned char *)t.ptr, d.end = d.p + t.len;
  size_t header = sizeof HEADER - 1;
  good = good && t.len > header && memcmp(t.ptr, HEADER, header) == 0;
  if (good) {
    skip(&d, header + 8 + 8 + 1); /* an integer and a number to try, how many upvalues */
    read_function(&d, 0);
  }
  tg_buf_fini(&bytes);
  return good && !d.bad && d.p == d.end;
}
