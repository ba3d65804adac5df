/* Lines of a text file that may be gzip-compressed, over and over: the demo's real events. */
#ifndef TG_DATA_GZLINES_H
#define TG_DATA_GZLINES_H

#include "core/base/buf.h"
#include "core/base/err.h"

struct tg_gzlines;

enum tg_rc tg_gzlines_open(const char *path, struct tg_gzlines **out, struct tg_err *err);
/* The next line, without its end, in line (cleared first); behind the last one comes the first
 * again. TG_DATA: the file is broken, empty, or has a line over 64 KiB. */
enum tg_rc tg_gzlines_next(struct tg_gzlines *g, struct tg_buf *line, struct tg_err *err);
void tg_gzlines_close(struct tg_gzlines *g);

#endif
