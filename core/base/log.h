/* The log: one line an event, to stderr. Text on a terminal, logfmt or JSON lines otherwise.
 * Rate-limited per call site: more than TG_LOG_BURST lines a second from one place are counted,
 * and the count is shown. A line has at most 2 KiB: longer texts in it are cut, the line stays
 * whole.
 * Thread: any. Never log payloads or secrets. */
#ifndef TG_BASE_LOG_H
#define TG_BASE_LOG_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum tg_level { TG_DEBUG, TG_INFO, TG_WARN, TG_ERROR };
enum tg_log_format { TG_LOG_AUTO, TG_LOG_TEXT, TG_LOG_LOGFMT, TG_LOG_JSON };
enum { TG_LOG_BURST = 20 };

/* Before threads start. */
void tg_log_setup(enum tg_level least, enum tg_log_format format, int fd);

struct tg_log_site { /* one per call site, static */
  int64_t second;
  uint32_t lines, suppressed;
};

/* subject: what it is about, "lane 0", "orders", "kafka". The message is one line. */
__attribute__((format(printf, 4, 5))) void tg_log_at(struct tg_log_site *site, enum tg_level level,
                                                     const char *subject, const char *fmt, ...);

#define tg_log(level, subject, ...)                                                                \
  do {                                                                                             \
    static struct tg_log_site tg_site_;                                                            \
    tg_log_at(&tg_site_, level, subject, __VA_ARGS__);                                             \
  } while (0)

/* Logs "where: what" of an error. */
#define tg_log_err(level, subject, err) tg_log(level, subject, "%s: %s", (err)->where, (err)->what)

#endif
