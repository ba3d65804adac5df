/* Writing what tests expect. */
#include "core/app/golden.h"

#include "core/app/fileset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool tg_golden_on_ci(void)
{
  const char *ci = getenv("CI");
  return ci && *ci && strcmp(ci, "false") != 0 && strcmp(ci, "0") != 0;
}

static bool write_all(int fd, struct tg_text text)
{
  ssize_t n = 0;
  for (size_t done = 0; done < text.len; done += (size_t)n) {
    n = write(fd, text.ptr + done, text.len - done);
    if (n < 0 && errno == EINTR) n = 0;
    if (n < 0) return false;
  }
  return fsync(fd) == 0;
}

/* Hidden names belong to no set: nobody reads it half written. */
static bool hidden_beside(const char *place, char *out)
{
  const char *slash = strrchr(place, '/');
  int folder = slash ? (int)(slash - place) + 1 : 0;
  int n = snprintf(out, TG_FILE_PATH_BYTES, "%.*s.%s.new", folder, place, place + folder);
  return n < TG_FILE_PATH_BYTES;
}

enum tg_rc tg_golden_write(const struct tg_config *config, const char *path, bool catalogue,
                           struct tg_text text, struct tg_err *err)
{
  char place[TG_FILE_PATH_BYTES], fresh[TG_FILE_PATH_BYTES];
  if (text.len > TG_FILE_BYTES_MAX)
    return tg_err_set(err, TG_CONFIG, path, "would be larger than %d KiB: take fewer rows",
                      TG_FILE_BYTES_MAX >> 10);
  if (!tg_fileset_place(config, path, catalogue, place) || !hidden_beside(place, fresh))
    return tg_err_set(err, TG_CONFIG, path, "its path is too long");
  int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  bool good = fd >= 0 && write_all(fd, text);
  if (fd >= 0) good = close(fd) == 0 && good;
  good = good && rename(fresh, place) == 0;
  if (good) return TG_OK;
  tg_err_set(err, TG_CONFIG, path, "cannot be written (errno %d)", errno);
  if (fd >= 0) unlink(fresh);
  return TG_CONFIG;
}
