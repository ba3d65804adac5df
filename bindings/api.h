/* The scripts' API, one table: it registers the functions, and docs/API.md is made of it
 * (tests/unit/bindings/test_api.c). A new function is one line in the list of its file. */
#ifndef TG_BINDINGS_API_H
#define TG_BINDINGS_API_H

#include "core/base/buf.h"

#include <lua.h>

struct tg_api {
  const char *name;
  const char *signature; /* "col:between(min, max)" */
  const char *doc;       /* one line */
  lua_CFunction call;    /* NULL: an attribute */
};

/* Lists end with name NULL. */
extern const struct tg_api tg_api_batch[];     /* batchlib.c */
extern const struct tg_api tg_api_logic[];     /* columnlib_logic.c: comparisons, masks, choosing */
extern const struct tg_api tg_api_math[];      /* columnlib_math.c */
extern const struct tg_api tg_api_text[];      /* columnlib_text.c */
extern const struct tg_api tg_api_time[];      /* columnlib_time.c */
extern const struct tg_api tg_api_cast[];      /* columnlib_cast.c */
extern const struct tg_api tg_api_nested[];    /* columnlib_nested.c: json and arrays */
extern const struct tg_api tg_api_lookup[];    /* lookuplib.c */
extern const struct tg_api tg_api_cell[];      /* statelib_cell.c: s of a judge */
extern const struct tg_api tg_api_model[];     /* statelib_cell.c */
extern const struct tg_api tg_api_group[];     /* columnlib_group.c: key(..) */
extern const struct tg_api tg_api_groups[];    /* columnlib_group.c: its methods */
extern const struct tg_api tg_api_points[];    /* columnlib_points.c: of quantiles */
extern const struct tg_api tg_api_chi2[];      /* columnlib_points.c: globals */
extern const struct tg_api tg_api_summary[];   /* columnlib_summary.c: making summaries */
extern const struct tg_api tg_api_summaries[]; /* summaryobj.c: what they tell */
extern const struct tg_api tg_api_keyed[];     /* statelib_keyed.c: state by key */
extern const struct tg_api tg_api_globals[];   /* columnlib_logic.c */
extern const struct tg_api tg_api_operators[]; /* columnobj.c: metamethods of columns */

/* Globals of tg_api_globals that live with the other functions of times. */
int tg_api_seconds(lua_State *L);
int tg_api_zone_day(lua_State *L); /* zonelib.c */
int tg_api_zone_first(lua_State *L);

/* Sets the functions of a list in the table on top. [-0, +0] */
void tg_api_set(lua_State *L, const struct tg_api *list);

/* docs/API.md. */
void tg_api_markdown(struct tg_buf *out);

#endif
