/* Pages made of what a program has loaded, for `tidegate docs` and `tidegate rules NAME`. */
#ifndef TG_BINDINGS_PAGES_H
#define TG_BINDINGS_PAGES_H

#include "bindings/program.h"
#include "core/base/buf.h"

/* Appends a page as Markdown (or Lua). what: "rule" (name: a rule or an alias), "dimension" (name:
 * a folder of the catalogue), "dimensions" (their names, a line each), "luacheck" (the names that
 * scripts can use). TG_CONFIG: there is nothing of that name. TG_FATAL: the VM is lost. */
enum tg_rc tg_page_write(struct tg_program *p, const char *what, const char *name,
                         struct tg_buf *out, struct tg_err *err);

/* The scripts' API as LuaCATS annotations, for language servers. */
void tg_page_stubs(struct tg_buf *out);

#endif
