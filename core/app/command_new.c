/* tidegate new rule: a file to begin with, that loads and whose tests pass. */
#include "core/app/cli.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 63, PATH_BYTES = 4096 };

/* %s: the rule's name, three times. */
static const char CHECK[] =
    "-- rules/%s.lua: say here what it is for.\n"
    "--\n"
    "-- In a topic: rules = { %s { \"amount\", limit = 10 } }\n"
    "-- Try it:     tidegate test rules/%s.lua --watch\n"
    "return {\n"
    "  doc       = \"Every value is above the limit.\",\n"
    "  dimension = \"validity\",\n"
    "  params    = { \"column column\", \"limit number = 0\" },\n"
    "  check     = function(b, p) return b[p.column]:gt(p.limit) end, -- true passes, null is left "
    "out\n"
    "  reason    = \"{column}: {} is not above {limit}\",\n"
    "  tests     = {\n"
    "    { \"equal is not above\", with = { \"x\", limit = 2 }, given = { x = { 1, 2, 3, null } "
    "},\n"
    "      fails = { 1, 2 }, evaluated = 3, reasons = { \"x: 1 is not above 2\", \"x: 2 is not "
    "above "
    "2\" } },\n"
    "    { \"the limit is 0 unless said\", with = { \"x\" }, given = { x = { 0, 1 } }, fails = { 1 "
    "} "
    "},\n"
    "    { \"text is an error\", with = { \"x\" }, given = { x = { \"a\" } }, verdict = \"error\" "
    "},\n"
    "  },\n"
    "}\n";

static bool name_ok(const char *name)
{
  if (!isalpha((unsigned char)*name) && *name != '_') return false;
  for (const char *p = name; *p; p++) {
    if (!isalnum((unsigned char)*p) && *p != '_') return false;
  }
  return strlen(name) <= NAME_MAX_BYTES;
}

/* Writes a file that must not be there yet. */
static int write_new(const char *path, const char *name)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    fprintf(stderr, "error: %s: %s\n", path,
            errno == EEXIST ? "is there already" : "cannot be written");
    return TG_EXIT_CONFIG;
  }
  int written = dprintf(fd, CHECK, name, name, name);
  if (close(fd) != 0 || written < 0) {
    fprintf(stderr, "error: %s: cannot be written whole\n", path);
    return TG_EXIT_FAILURE;
  }
  printf("%s\n", path);
  fprintf(stderr, "try it: tidegate test %s --watch\n", path);
  return TG_EXIT_OK;
}

static int new_rule(const char *name, const char *folder)
{
  char path[PATH_BYTES];
  if (!name_ok(name)) {
    fprintf(stderr, "error: '%s' cannot name a rule: letters, digits and _, at most %d\n", name,
            NAME_MAX_BYTES);
    return TG_EXIT_USAGE;
  }
  if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
    fprintf(stderr, "error: %s: the folder cannot be made\n", folder);
    return TG_EXIT_CONFIG;
  }
  int len = snprintf(path, sizeof path, "%s/%s.lua", folder, name);
  if (len >= PATH_BYTES) return fprintf(stderr, "error: the path is too long\n"), TG_EXIT_USAGE;
  return write_new(path, name);
}

int tg_command_new(int argc, char **argv)
{
  const char *folder = NULL;
  const struct tg_option options[] = {
      TG_OPT_TEXT("dir", "DIR", "folder of the rule (default: ./rules)", folder), {0}};
  struct tg_args args;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  if (args.words_count != 2 || strcmp(args.words[0], "rule") != 0) {
    fprintf(stderr, "tidegate new: write `tidegate new rule NAME`\n");
    return TG_EXIT_USAGE;
  }
  return new_rule(args.words[1], folder ? folder : "rules");
}
