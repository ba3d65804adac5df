/* Rules for people: what prelude_rules.lua describes. */
#include "bindings/ruleinfo.h"

#include "bindings/script.h"

#include <lauxlib.h>

struct walk {
  tg_ruleinfo_visit *visit;
  void *self;
};

/* One text of the described rule on top of the stack. It stays in its table, so the pointer does
 * too. */
static const char *part(lua_State *L, int i)
{
  lua_rawgeti(L, -1, i);
  const char *text = lua_tostring(L, -1);
  lua_pop(L, 1);
  return text ? text : "";
}

static void visit_one(lua_State *L, const struct walk *w)
{
  struct tg_ruleinfo rule = {.name = part(L, 1),
                             .path = part(L, 2),
                             .dimension = part(L, 3),
                             .doc = part(L, 4),
                             .params = part(L, 5),
                             .alias_of = part(L, 6),
                             .topics = part(L, 7)};
  w->visit(w->self, &rule);
}

static int visit_all(lua_State *L)
{
  const struct walk *w = lua_touserdata(L, 1);
  tg_loader_push(L, "rules", "describe");
  lua_call(L, 0, 1);
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TTABLE; i++) {
    visit_one(L, w);
    lua_pop(L, 1);
  }
  return 0;
}

enum tg_rc tg_ruleinfo_each(struct tg_program *p, tg_ruleinfo_visit *visit, void *self,
                            struct tg_err *err)
{
  struct walk w = {visit, self};
  return tg_loader_run(p, visit_all, &w, err);
}
