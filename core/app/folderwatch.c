/* Folders under inotify. */
#include "core/app/folderwatch.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 4, PATH_BYTES = 1024, SETTLE_MS = 50 };

static void add(int fd, const char *folder, int depth)
{
  char path[PATH_BYTES];
  struct stat st;
  const uint32_t changes = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF;
  if (inotify_add_watch(fd, folder, changes) < 0) return;
  DIR *dir = depth < DEPTH_MAX ? opendir(folder) : NULL;
  for (struct dirent *e; dir && (e = readdir(dir));) {
    int len = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (e->d_name[0] == '.' || len >= PATH_BYTES) continue;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) add(fd, path, depth + 1);
  }
  if (dir) closedir(dir);
}

int tg_folderwatch_open(const char *const *folders, unsigned count, struct tg_err *err)
{
  int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) tg_err_set(err, TG_CONFIG, "--watch", "inotify is not available (errno %d)", errno);
  for (unsigned i = 0; fd >= 0 && i < count; i++) {
    if (folders[i]) add(fd, folders[i], 0);
  }
  return fd;
}

static bool drain(int fd)
{
  char events[4096];
  ssize_t got;
  while ((got = read(fd, events, sizeof events)) > 0) continue;
  return got == 0 || errno == EAGAIN;
}

bool tg_folderwatch_wait(int fd)
{
  struct pollfd p = {.fd = fd, .events = POLLIN};
  if (poll(&p, 1, -1) != 1 || !drain(fd)) return false;
  while (poll(&p, 1, SETTLE_MS) == 1) {
    if (!drain(fd)) return false;
  }
  return true;
}
