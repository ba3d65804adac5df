/* sd_notify(3) without libsystemd: one datagram. */
#include "core/app/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void tg_notify(const char *lines)
{
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  size_t len = path ? strlen(path) : 0;
  if (len < 2 || len >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@')) return;
  memcpy(to.sun_path, path, len);
  if (path[0] == '@') to.sun_path[0] = '\0'; /* abstract socket */
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
  ssize_t n = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&to, size);
  (void)n; /* a manager that does not listen is not our trouble */
  close(fd);
}

int64_t tg_notify_watchdog_us(void)
{
  const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
  if (!us || (pid && strtol(pid, NULL, 10) != (long)getpid())) return 0;
  return strtoll(us, NULL, 10) / 2;
}
