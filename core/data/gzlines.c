/* Lines of a compressed file, on zlib. */
#include "core/data/gzlines.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum { LINE_BYTES = 64 << 10 };

struct tg_gzlines {
  gzFile file;
  char path[256];
  char line[LINE_BYTES];
};

enum tg_rc tg_gzlines_open(const char *path, struct tg_gzlines **out, struct tg_err *err)
{
  struct tg_gzlines *g = calloc(1, sizeof *g);
  if (!g) return tg_err_set(err, TG_FATAL, path, "out of memory");
  g->file = gzopen(path, "rb");
  if (!g->file) return free(g), tg_err_set(err, TG_CONFIG, path, "cannot be opened");
  snprintf(g->path, sizeof g->path, "%s", path);
  *out = g;
  return TG_OK;
}

enum tg_rc tg_gzlines_next(struct tg_gzlines *g, struct tg_buf *line, struct tg_err *err)
{
  if (!gzgets(g->file, g->line, sizeof g->line))
    if (gzrewind(g->file) != 0 || !gzgets(g->file, g->line, sizeof g->line))
      return tg_err_set(err, TG_DATA, g->path, "is empty or broken");
  size_t len = strcspn(g->line, "\n");
  if (len == sizeof g->line - 1) return tg_err_set(err, TG_DATA, g->path, "a line is too long");
  tg_buf_clear(line);
  tg_buf_add(line, g->line, len);
  return TG_OK;
}

void tg_gzlines_close(struct tg_gzlines *g)
{
  if (!g) return;
  gzclose(g->file);
  free(g);
}
