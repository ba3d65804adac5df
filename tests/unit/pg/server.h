/* A throwaway PostgreSQL for tests: its own data directory below /tmp, a socket there and no TCP
 * port. It runs as the user postgres when the test is root, and dies with the test. */
#ifndef TG_TEST_PG_SERVER_H
#define TG_TEST_PG_SERVER_H

#include "core/base/clock.h"
#include "core/pg/conn.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SERVER_SKIP = 77, SERVER_FAILED = 99 };
#define SERVER_WAIT_US (60 * TG_SEC)

static struct server {
  char bin[256]; /* folder of initdb and postgres */
  char dir[64];  /* data directory and socket */
  char dsn[160];
  char log[96];
  pid_t pid;
} server;

/* In the child: become postgres when root, end with the parent. */
static inline void server_child(const char *const *argv)
{
  const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
  if (user &&
      (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid)))
    _exit(SERVER_FAILED);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  int fd = open(server.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || chdir(server.dir) != 0) _exit(SERVER_FAILED);
  execv(argv[0], (char *const *)argv);
  _exit(SERVER_FAILED);
}

static inline pid_t server_spawn(const char *const *argv)
{
  pid_t pid = fork();
  if (pid == 0) server_child(argv);
  return pid;
}

static inline bool server_run(const char *const *argv)
{
  int status = -1;
  pid_t pid = server_spawn(argv);
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static inline bool server_find(void)
{
  const char *set = getenv("TG_PG_BIN");
  glob_t found = {0};
  if (set) snprintf(server.bin, sizeof server.bin, "%s", set);
  if (!set && glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0)
    snprintf(server.bin, sizeof server.bin, "%.*s",
             (int)(strlen(found.gl_pathv[found.gl_pathc - 1]) - strlen("/initdb")),
             found.gl_pathv[found.gl_pathc - 1]);
  globfree(&found);
  return server.bin[0] != '\0';
}

static inline bool server_initdb(const char *data)
{
  char initdb[300];
  snprintf(initdb, sizeof initdb, "%s/initdb", server.bin);
  const char *argv[] = {initdb,  "-D", data,   "-U",         "postgres",  "-A",
                        "trust", "-E", "UTF8", "--locale=C", "--no-sync", NULL};
  return server_run(argv);
}

/* Made by our server's user: what somebody else left there is not touched. */
static inline bool server_owns(const char *path)
{
  const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : getpwuid(geteuid());
  struct stat st;
  return user && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == user->pw_uid;
}

/* A copy of what this initdb makes, which takes it a second of CPU: it is kept below /tmp for all
 * test programs. Made aside and renamed, so that nobody sees half of it. */
static inline bool server_make_data(void)
{
  char kept[96], fresh[96], data[96], initdb[300];
  struct stat st;
  snprintf(initdb, sizeof initdb, "%s/initdb", server.bin);
  if (stat(initdb, &st) != 0) return false;
  snprintf(kept, sizeof kept, "/tmp/tidegate-initdb-%llx-%llx", (unsigned long long)st.st_ino,
           (unsigned long long)st.st_mtime);
  snprintf(fresh, sizeof fresh, "%s/fresh", server.dir);
  snprintf(data, sizeof data, "%s/data", server.dir);
  if (!server_owns(kept) && (!server_initdb(fresh) || rename(fresh, kept) != 0) &&
      !server_owns(kept))
    return rename(fresh, data) == 0;
  const char *argv[] = {"/bin/cp", "-a", kept, data, NULL};
  return server_run(argv);
}

/* Starts the server process; it can be called again after server_kill(). */
static inline void server_launch(void)
{
  char postgres[300], data[128];
  snprintf(postgres, sizeof postgres, "%s/postgres", server.bin);
  snprintf(data, sizeof data, "%s/data", server.dir);
  const char *argv[] = {postgres,
                        "-D",
                        data,
                        "-k",
                        server.dir,
                        "-c",
                        "listen_addresses=",
                        "-c",
                        "fsync=off",
                        "-c",
                        "full_page_writes=off",
                        "-c",
                        "max_connections=40",
                        "-c",
                        "shared_buffers=32MB",
                        "-c",
                        "logging_collector=off",
                        NULL};
  server.pid = server_spawn(argv);
}

static inline int server_forget(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
  (void)st, (void)kind, (void)ftw;
  return remove(path);
}

/* SIGQUIT: as a crash. SIGINT: in order. */
static inline void server_kill(int signal_number)
{
  if (server.pid <= 0) return;
  kill(server.pid, signal_number);
  waitpid(server.pid, NULL, 0);
  server.pid = 0;
}

static inline struct tg_pg_conf server_conf(const char *name)
{
  return (struct tg_pg_conf){.dsn = server.dsn,
                             .name = name,
                             .connect_us = 20 * TG_SEC,
                             .statement_us = 20 * TG_SEC,
                             .lock_us = 2 * TG_SEC};
}

static inline int64_t soon(void)
{
  return tg_clock_mono_us() + 30 * TG_SEC;
}

/* Connects, waiting while the server starts. conf must outlive the connection. */
static inline struct tg_pg *server_connect(const struct tg_pg_conf *conf)
{
  struct tg_pg *pg = tg_pg_new(conf);
  struct tg_err err = {0};
  bool fresh = false;
  int64_t until_us = tg_clock_mono_us() + SERVER_WAIT_US;
  enum tg_rc rc;
  while ((rc = tg_pg_connect(pg, &fresh, &err)) == TG_RETRY && tg_clock_mono_us() < until_us)
    poll(NULL, 0, 20);
  if (rc != TG_OK) fail_msg("connect: %s: %s", err.where, err.what);
  return pg;
}

static inline void server_must(enum tg_rc rc, const struct tg_err *err)
{
  if (rc != TG_OK) fail_msg("%s: %s: %s", tg_rc_name(rc), err->where, err->what);
}

static inline void server_exec(struct tg_pg *pg, const char *sql)
{
  struct tg_err err = {0};
  server_must(tg_pg_script(pg, sql, soon(), &err), &err);
}

/* The first value that the statement returns, "null" for null; kept until the next call. */
static inline const char *server_value(struct tg_pg *pg, const char *sql)
{
  static char value[4096];
  server_exec(pg, sql);
  if (tg_pg_rows(pg) == 0) return "no row";
  const char *v = tg_pg_value(pg, 0, 0);
  snprintf(value, sizeof value, "%s", v ? v : "null");
  return value;
}

static inline int server_stop(void **state)
{
  (void)state;
  server_kill(SIGQUIT); /* nobody reads it again */
  return nftw(server.dir, server_forget, 16, FTW_DEPTH | FTW_PHYS);
}

/* For cmocka's group setup. Ends the test program as skipped when PostgreSQL is not installed. */
static inline int server_start(void **state)
{
  const struct passwd *user = getpwnam("postgres");
  (void)state;
  if (!server_find()) {
    fprintf(stderr, "SKIP: PostgreSQL's initdb is not installed (package postgresql)\n");
    exit(SERVER_SKIP);
  }
  snprintf(server.dir, sizeof server.dir, "/tmp/tidegate-pg-XXXXXX");
  if (!mkdtemp(server.dir)) return -1;
  if (geteuid() == 0 && (!user || chown(server.dir, user->pw_uid, user->pw_gid) != 0)) return -1;
  snprintf(server.log, sizeof server.log, "%s/log", server.dir);
  snprintf(server.dsn, sizeof server.dsn, "host=%s user=postgres dbname=postgres", server.dir);
  if (!server_make_data()) return -1;
  server_launch();
  return server.pid > 0 ? 0 : -1;
}

#endif
