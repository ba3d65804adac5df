/* The log: levels, formats, one write a line, a limit per call site. */
#include "core/base/log.h"

#include "core/base/buf.h"
#include "core/base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_BYTES = 2048, MESSAGE_BYTES = 1024, SUBJECT_BYTES = 256 };

static struct {
  enum tg_level least;
  enum tg_log_format format;
  int fd;
} setup = {TG_INFO, TG_LOG_TEXT, 2};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void tg_log_setup(enum tg_level least, enum tg_log_format format, int fd)
{
  if (format == TG_LOG_AUTO) format = isatty(fd) ? TG_LOG_TEXT : TG_LOG_LOGFMT;
  setup.least = least, setup.format = format, setup.fd = fd;
}

/* True when this line may go out; *suppressed is what was held back before it. Lock held. */
static bool site_open(struct tg_log_site *site, int64_t now_us, uint32_t *suppressed)
{
  int64_t second = now_us / TG_SEC;
  *suppressed = 0;
  if (site->second != second) {
    *suppressed = site->suppressed;
    *site = (struct tg_log_site){.second = second};
  }
  if (++site->lines <= TG_LOG_BURST) return true;
  site->suppressed++;
  return false;
}

/* t as a JSON string, cut until `spare` bytes are left behind it: a line that is cut in the middle
 * cannot be read by any program. */
static void cut_json(struct tg_buf *b, struct tg_text t, size_t spare)
{
  size_t at = b->len;
  tg_buf_json(b, t);
  while (t.len && (b->failed || b->len + spare > b->max)) {
    b->len = at, b->failed = false;
    t.len -= t.len / 4 + 1;
    tg_buf_json(b, t);
  }
}

static void line_text(struct tg_buf *b, const char *time, enum tg_level level, const char *subject,
                      const char *message)
{
  tg_buf_printf(b, "%.8s %-5s %.*s: %s", time + 11, level_names[level], SUBJECT_BYTES, subject,
                message);
}

static void line_fields(struct tg_buf *b, const char *time, enum tg_level level,
                        const char *subject, const char *message)
{
  bool json = setup.format == TG_LOG_JSON;
  tg_buf_printf(
      b,
      json ? "{\"time\":\"%s\",\"level\":\"%s\",\"subject\":" : "time=%s level=%s subject=", time,
      level_names[level]);
  cut_json(b, tg_text(subject), LINE_BYTES - SUBJECT_BYTES);
  tg_buf_str(b, json ? ",\"message\":" : " msg=");
  cut_json(b, tg_text(message), sizeof "}\n");
  if (json) tg_buf_char(b, '}');
}

static void write_line(enum tg_level level, const char *subject, const char *message)
{
  char time[32], room[LINE_BYTES];
  struct tg_buf b = {.ptr = room, .size = sizeof room, .max = sizeof room};
  tg_clock_text(tg_clock_wall_us(), time);
  if (setup.format == TG_LOG_TEXT)
    line_text(&b, time, level, subject, message);
  else
    line_fields(&b, time, level, subject, message);
  room[b.len++] = '\n';
  ssize_t n = write(setup.fd, room, b.len);
  (void)n; /* nowhere to report that the log cannot be written */
}

void tg_log_at(struct tg_log_site *site, enum tg_level level, const char *subject, const char *fmt,
               ...)
{
  if (level < setup.least) return;
  char message[MESSAGE_BYTES];
  uint32_t suppressed;
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(message, sizeof message, fmt, args);
  va_end(args);
  pthread_mutex_lock(&lock);
  bool open = site_open(site, tg_clock_mono_us(), &suppressed);
  pthread_mutex_unlock(&lock);
  if (open && suppressed && n > 0 && (size_t)n < sizeof message)
    snprintf(message + n, sizeof message - (size_t)n, " (%u lines like this suppressed)",
             suppressed);
  if (open) write_line(level, subject, message);
}
