/* Any text as every format; the first byte chooses the country of postal codes. A verdict is 0, 1
 * or a limit, the same when asked twice; the text is read within its bounds (ASan). */
#include "core/data/format.h"
#include "core/data/jsonindex.h"

#include <stdio.h>
#include <stdlib.h>

static void check(bool holds, const struct tg_format *f, const char *what)
{
  if (holds) return;
  fprintf(stderr, "broken: %s: %s\n", f->name, what);
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const countries[] = {"CA", "DE", "ES", "FR", "GB", "IE", "NL", "US"};
  static struct tg_formatting how;
  if (!how.index) how.index = tg_jsonindex_new();
  if (size < 2 || !how.index) return 0;
  how.country = tg_text(countries[data[0] % 8]);
  char *exact = malloc(size - 1);
  if (!exact) return 0;
  memcpy(exact, data + 1, size - 1);
  struct tg_text t = tg_text_of(exact, size - 1);
  for (const struct tg_format *f = tg_formats; f->name; f++) {
    int got = f->test(&how, t);
    check(got == 0 || got == 1 || got == -TG_LIMIT, f, "a verdict is 0, 1 or the limit");
    check(got == f->test(&how, t), f, "the verdict is the same again");
  }
  free(exact);
  return 0;
}
