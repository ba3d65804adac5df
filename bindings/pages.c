/* Pages: what prelude_pages.lua writes, and the API's lists as LuaCATS annotations. */
#include "bindings/pages.h"

#include "bindings/api.h"
#include "bindings/script.h"

#include <ctype.h>

struct asking {
  const char *what, *name;
  struct tg_buf *out;
  bool found;
};

static int write_page(lua_State *L)
{
  struct asking *a = lua_touserdata(L, 1);
  tg_loader_push(L, "pages", a->what);
  lua_pushstring(L, a->name);
  lua_call(L, 1, 1);
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  a->found = text != NULL;
  if (text) tg_buf_add(a->out, text, len);
  return 0;
}

enum tg_rc tg_page_write(struct tg_program *p, const char *what, const char *name,
                         struct tg_buf *out, struct tg_err *err)
{
  struct asking a = {what, name, out, false};
  enum tg_rc rc = tg_loader_run(p, write_page, &a, err);
  if (rc != TG_OK || a.found) return rc;
  return tg_err_set(err, TG_CONFIG, what, "there is no '%s'", name ? name : "");
}

/* --- annotations --- */

static const struct part {
  const char *class; /* of the methods; NULL: functions of their own */
  const struct tg_api *list;
} PARTS[] = {
    {"Batch", tg_api_batch},   {"Column", tg_api_logic},   {"Column", tg_api_math},
    {"Column", tg_api_text},   {"Column", tg_api_time},    {"Column", tg_api_cast},
    {"Column", tg_api_nested}, {"Column", tg_api_summary}, {"Summary", tg_api_summaries},
    {"Lookup", tg_api_lookup}, {"State", tg_api_cell},     {"Model", tg_api_model},
    {NULL, tg_api_globals},
};

/* The names between the parentheses of a signature: "(min, max[, strict])" -> "min, max, strict";
 * ".." is "...". Optional ones get a line `---@param name? any`. */
static void add_arguments(struct tg_buf *names, struct tg_buf *lines, const char *from)
{
  bool optional = false;
  int word = 0;
  for (const char *p = from; *p && *p != ')';) {
    size_t len = 0;
    while (isalnum((unsigned char)p[len]) || p[len] == '_') len++;
    if (len) {
      word++;
      tg_buf_printf(names, "%s%.*s", word > 1 ? ", " : "", (int)len, p);
      tg_buf_printf(lines, "---@param %.*s%s any\n", (int)len, p, optional ? "?" : "");
    } else if (p[0] == '.' && p[1] == '.') {
      tg_buf_str(names, word++ ? ", ..." : "...");
      return;
    }
    optional = optional || *p == '[';
    p += len ? len : 1;
  }
}

/* A line of documentation as comments of at most COLUMNS bytes. */
static void add_doc(struct tg_buf *out, const char *doc)
{
  enum { COLUMNS = 96 };
  while (*doc) {
    size_t len = strlen(doc), cut = len < COLUMNS ? len : COLUMNS;
    while (cut < len && cut > 0 && doc[cut] != ' ') cut--;
    if (!cut) cut = len;
    tg_buf_printf(out, "---%.*s\n", (int)cut, doc);
    doc += cut + (doc[cut] == ' ');
  }
}

static bool is_word(const char *s)
{
  for (; *s; s++) {
    if (!isalnum((unsigned char)*s) && *s != '_') return false;
  }
  return true;
}

static void add_function(struct tg_buf *out, const struct part *part, const struct tg_api *a)
{
  struct tg_buf names, lines;
  const char *open = strchr(a->signature, '(');
  tg_buf_init(&names, 0);
  tg_buf_init(&lines, 0);
  if (open) add_arguments(&names, &lines, open + 1);
  if (!open && strchr(a->signature, '{')) {
    tg_buf_str(&names, "options");
    tg_buf_str(&lines, "---@param options table\n");
  }
  tg_buf_char(out, '\n');
  add_doc(out, a->doc);
  tg_buf_str(out, tg_buf_cstr(&lines));
  tg_buf_printf(out, "function %s%s%s(%s) end\n", part->class ? part->class : "",
                part->class ? ":" : "", a->name, tg_buf_cstr(&names));
  tg_buf_fini(&lines);
  tg_buf_fini(&names);
}

/* A class once, with the attributes of all its lists. */
static void add_class(struct tg_buf *out, const char *class)
{
  tg_buf_printf(out, "\n---@class tidegate.%s\n", class);
  for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
    if (!PARTS[i].class || strcmp(PARTS[i].class, class) != 0) continue;
    for (const struct tg_api *a = PARTS[i].list; a->name; a++) {
      bool attribute = !a->call && is_word(a->name) && !strchr(a->signature, '(');
      if (!attribute) continue;
      add_doc(out, a->doc);
      tg_buf_printf(out, "---@field %s any\n", a->name);
    }
  }
  tg_buf_printf(out, "local %s = {}\n", class);
}

void tg_page_stubs(struct tg_buf *out)
{
  static const char *const classes[] = {"Batch", "Column", "Summary", "Lookup", "State", "Model"};
  tg_buf_str(out,
             "---@meta tidegate\n-- What scripts can use, for language servers (LuaCATS): made "
             "from the table that registers it,\n-- `tidegate docs lua`.\n");
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) add_class(out, classes[i]);
  for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
    for (const struct tg_api *a = PARTS[i].list; a->name; a++) {
      bool attribute = !a->call && !strchr(a->signature, '(');
      if (is_word(a->name) && !attribute) add_function(out, &PARTS[i], a);
    }
  }
}
