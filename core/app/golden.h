/* Golden files of inline tests, written for `tidegate test --update`. */
#ifndef TG_APP_GOLDEN_H
#define TG_APP_GOLDEN_H

#include "core/app/config.h"
#include "core/base/text.h"

/* True where a build server runs the tests: the variable CI is set, as all of them do, and says
 * neither "false" nor "0". What was got is not to become what is expected there. */
bool tg_golden_on_ci(void);

/* Puts text into the file that messages call `path` ("rules/x.golden.json"), whole or not at all:
 * a new file beside it takes its name. TG_CONFIG: it cannot be written, or is larger than a file of
 * the set may be. */
enum tg_rc tg_golden_write(const struct tg_config *config, const char *path, bool catalogue,
                           struct tg_text text, struct tg_err *err);

#endif
