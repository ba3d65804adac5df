/* The files of a generation: scripts/<topic>.lua and rules/(folder/)*.lua, read as one
 * consistent set and named by the sha256 over their paths and contents. The bundled catalogue is
 * part of the set. */
#ifndef TG_APP_FILESET_H
#define TG_APP_FILESET_H

#include "bindings/program.h"
#include "core/app/config.h"
#include "core/base/buf.h"

enum { TG_FILES_MAX = 4096, TG_FILE_BYTES_MAX = 1 << 20, TG_FILE_PATH_BYTES = 1024 };

/* Reads catalogue, rules and scripts. Reads twice until nothing changed in between (at most 5
 * times). Refused: files that group or others may write, or that belong to somebody else; links
 * out of the folder other than a ConfigMap's ..data; larger files. Everything is copied into the
 * arena. TG_CONFIG: a folder is missing or a file is refused (all faults reported). */
enum tg_rc tg_fileset_read(const struct tg_config *config, struct tg_arena *arena,
                           struct tg_fileset *out, tg_config_fault *fault, void *self);

/* Where the file that messages call `path` stands, below the configured folders; catalogue: it is
 * one of the bundled. out: TG_FILE_PATH_BYTES. False: it stands nowhere, or its path is too long.
 */
bool tg_fileset_place(const struct tg_config *config, const char *path, bool catalogue, char *out);

/* The set as a JSON object path -> text, for tidegate.generation. */
void tg_fileset_json(const struct tg_fileset *set, struct tg_buf *out);
/* And back, into the arena, named by what came out. now: a set of this program, whose catalogue
 * tells bundled rules from a user's. TG_DATA: it is no such object; TG_RETRY: no memory. */
enum tg_rc tg_fileset_of_json(struct tg_text json, const struct tg_fileset *now,
                              struct tg_arena *arena, struct tg_fileset *out);

#endif
