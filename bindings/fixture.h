/* Files of the program's set that inline tests read: rows of a test, and what a test must say.
 * A file that is not in the set is not there: no path reaches the disk. */
#ifndef TG_BINDINGS_FIXTURE_H
#define TG_BINDINGS_FIXTURE_H

#include <lua.h>

/* Adds these functions to the table on top. [-0, +0]
 *
 *   tg.rows_of(path, raw) -> list of JSON texts, name -> type;  or nil, nil, "path:line: why"
 *
 *   tg.text_of(path) -> the file's text, or nil
 *   tg.json_text(text) -> the text as JSON writes it
 *   tg.keep(path, catalogue, text) -> nil, or why it cannot be written
 *   tg.keeps() -> whether it may be called
 *
 * raw: the lines of a .jsonl or .ndjson file as they are, empty ones left out, without types. */
void tg_fixture_open(lua_State *L);

#endif
