/* The demo's throwaway PostgreSQL. */
#include "core/app/demo.h"

#include "core/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_US = 60000000, STOP_US = 20000000, NAP_US = 50000 };

static enum tg_rc find_bin(struct tg_demo_pg *pg, struct tg_err *err)
{
  glob_t found;
  bool there = glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) == 0 && found.gl_pathc;
  if (there) {
    const char *last = found.gl_pathv[found.gl_pathc - 1];
    snprintf(pg->bin, sizeof pg->bin, "%.*s", (int)(strlen(last) - strlen("/postgres")), last);
  }
  globfree(&found);
  return there ? TG_OK
               : tg_err_set(err, TG_CONFIG, "demo",
                            "PostgreSQL is not installed; apt-get install postgresql-15");
}

/* PostgreSQL refuses to run as root: as root it runs as `postgres`, else as we do. */
static enum tg_rc find_user(struct tg_demo_pg *pg, struct tg_err *err)
{
  pg->uid = geteuid(), pg->gid = getegid();
  if (pg->uid != 0) return TG_OK;
  const struct passwd *p = getpwnam("postgres");
  if (!p)
    return tg_err_set(err, TG_CONFIG, "demo", "there is no user `postgres` to run the server as");
  pg->uid = p->pw_uid, pg->gid = p->pw_gid;
  return TG_OK;
}

/* In the child: becomes the server's user, output to a log, and runs argv. */
static void become(const struct tg_demo_pg *pg, char *const *argv)
{
  char log[128];
  snprintf(log, sizeof log, "%s/postgres.log", pg->folder);
  int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (fd >= 0) dup2(fd, 1), dup2(fd, 2);
  if (geteuid() == 0 && (setgroups(0, NULL) || setgid(pg->gid) || setuid(pg->uid))) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGINT); /* it ends with the demo, even when that is killed */
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setsid();
  if (chdir(pg->folder) == 0) execv(argv[0], argv);
  _exit(127);
}

static pid_t spawn(const struct tg_demo_pg *pg, char *const *argv)
{
  pid_t pid = fork();
  if (pid == 0) become(pg, argv);
  return pid;
}

static enum tg_rc make_cluster(struct tg_demo_pg *pg, struct tg_err *err)
{
  char program[300], data[128];
  int status = 0;
  snprintf(program, sizeof program, "%s/initdb", pg->bin);
  snprintf(data, sizeof data, "%s/data", pg->folder);
  char *argv[] = {program, "-D", data,   "-U",         "tidegate", "-A",
                  "trust", "-E", "UTF8", "--locale=C", "-N",       NULL};
  pid_t pid = spawn(pg, argv);
  if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return tg_err_set(err, TG_RETRY, "demo", "initdb failed; see %s/postgres.log", pg->folder);
  return TG_OK;
}

static enum tg_rc await(struct tg_demo_pg *pg, struct tg_err *err)
{
  struct tg_pg_conf conf = {.dsn = pg->dsn,
                            .name = "tidegate demo",
                            .connect_us = 2 * TG_SEC,
                            .statement_us = TG_SEC,
                            .lock_us = TG_SEC};
  struct tg_pg *c = tg_pg_new(&conf);
  int64_t until = tg_clock_mono_us() + START_US;
  bool fresh;
  enum tg_rc rc = TG_FATAL;
  while (c && (rc = tg_pg_connect(c, &fresh, err)) != TG_OK && tg_clock_mono_us() < until &&
         waitpid(pg->pid, NULL, WNOHANG) == 0)
    usleep(NAP_US);
  tg_pg_free(c);
  return rc;
}

enum tg_rc tg_demo_pg_start(struct tg_demo_pg *pg, const char *folder, struct tg_err *err)
{
  char program[300], data[128];
  *pg = (struct tg_demo_pg){0};
  snprintf(pg->folder, sizeof pg->folder, "%s/pg", folder);
  enum tg_rc rc = find_bin(pg, err);
  if (rc == TG_OK) rc = find_user(pg, err);
  if (rc != TG_OK) return rc;
  if (mkdir(pg->folder, 0700) != 0 || chown(pg->folder, pg->uid, pg->gid) != 0)
    return tg_err_set(err, TG_CONFIG, "demo", "%s cannot be made (errno %d)", pg->folder, errno);
  if ((rc = make_cluster(pg, err)) != TG_OK) return rc;
  snprintf(program, sizeof program, "%s/postgres", pg->bin);
  snprintf(data, sizeof data, "%s/data", pg->folder);
  char *argv[] = {program,
                  "-D",
                  data,
                  "-k",
                  pg->folder,
                  "-c",
                  "listen_addresses=",
                  "-c",
                  "unix_socket_permissions=0777",
                  "-c",
                  "fsync=off",
                  "-c",
                  "max_wal_size=512MB",
                  "-c",
                  "log_min_messages=warning",
                  NULL};
  snprintf(pg->dsn, sizeof pg->dsn, "host=%s user=tidegate dbname=postgres", pg->folder);
  pg->pid = spawn(pg, argv);
  if (pg->pid < 0)
    return tg_err_set(err, TG_RETRY, "demo", "postgres cannot be started (errno %d)", errno);
  chmod(pg->folder, 0755); /* the socket must be reachable */
  return await(pg, err);
}

void tg_demo_pg_stop(struct tg_demo_pg *pg)
{
  if (pg->pid <= 0) return;
  int64_t until = tg_clock_mono_us() + STOP_US;
  kill(pg->pid, SIGINT);
  while (waitpid(pg->pid, NULL, WNOHANG) == 0 && tg_clock_mono_us() < until) usleep(NAP_US);
  if (tg_clock_mono_us() >= until) kill(pg->pid, SIGKILL), waitpid(pg->pid, NULL, 0);
  pg->pid = 0;
}
