/* tidegate reload, status, health: asking the running process over its HTTP endpoint. */
#include "core/app/ask.h"
#include "core/app/canaryview.h"
#include "core/app/cli.h"
#include "core/app/statusview.h"
#include "core/net/fetch.h"

#include <jansson.h>
#include <stdlib.h>

enum { TIMEOUT_S = 70, HEALTH_S = 5 };

static bool read_token(const struct tg_config *c, char *token, size_t size)
{
  FILE *f = c->http_token_file ? fopen(c->http_token_file, "r") : NULL;
  if (!f) return false;
  size_t n = fread(token, 1, size - 1, f);
  fclose(f);
  while (n && (token[n - 1] == '\n' || token[n - 1] == '\r')) n--;
  token[n] = '\0';
  return n > 0;
}

static enum tg_rc call(const struct tg_config *c, struct tg_fetch f, long *status,
                       struct tg_buf *body, struct tg_err *err)
{
  char url[512], token[512] = "";
  const char *listen = c->http_listen;
  if (!*listen)
    return tg_err_set(err, TG_CONFIG, "http.listen",
                      "is empty: the process cannot be asked; send SIGHUP to reload");
  snprintf(url, sizeof url, "http://%s%s%s", *listen == ':' ? "127.0.0.1" : "", listen, f.url);
  bool has_token = read_token(c, token, sizeof token);
  f.url = url, f.token = has_token ? token : NULL;
  if (!f.timeout_s) f.timeout_s = TIMEOUT_S;
  return tg_fetch(&f, status, body, err);
}

struct question {
  struct tg_fetch fetch;
  int (*show)(long status, json_t *answer, bool json); /* returns the exit code */
  const char *config;
  bool json;
};

#define OPTIONS_OF(q)                                                                              \
  TG_OPT_TEXT("config", "FILE",                                                                    \
              "the configuration of the process (default: $TIDEGATE_CONFIG, ./tidegate.yaml)",     \
              (q).config),                                                                         \
      TG_OPT_FLAG("json", "the answer as JSON", (q).json)

/* Of 504 nobody knows yet how it ends. */
static int reload_code(long status)
{
  return status == 200 ? TG_EXIT_OK : status == 504 ? TG_EXIT_LATER : TG_EXIT_CONFIG;
}

static int show_reload(long status, json_t *answer)
{
  const char *faults = json_string_value(json_object_get(answer, "faults"));
  const char *generation = json_string_value(json_object_get(answer, "generation"));
  const char *error = json_string_value(json_object_get(answer, "error"));
  const char *wanted = json_string_value(json_object_get(answer, "wanted"));
  const char *result = json_string_value(json_object_get(answer, "result"));
  tg_canaryview_print(json_object_get(answer, "canary"), stdout);
  if (status == 200 && result && strcmp(result, "dry-run") == 0)
    return printf("dry run: generation %.12s stays; %s is fit to run\n",
                  generation ? generation : "?", wanted ? wanted : "?"),
           TG_EXIT_OK;
  if (status == 200)
    return printf("reloaded: generation %s\n", generation ? generation : "?"), TG_EXIT_OK;
  if (error) return fprintf(stderr, "refused: %s\n", error), TG_EXIT_CONFIG;
  fprintf(stderr, "%srefused; generation %.12s stays\n", faults ? faults : "",
          generation ? generation : "?");
  return reload_code(status);
}

static int answer_status(long status, json_t *answer, bool json)
{
  if (status != 200 || !answer) {
    fprintf(stderr, "error: http.listen: what answers there (HTTP status %ld) is not tidegate\n",
            status);
    return TG_EXIT_FAILURE;
  }
  if (!json) tg_statusview_print(answer, stdout);
  return TG_EXIT_OK;
}

static int answer_reload(long status, json_t *answer, bool json)
{
  return json ? reload_code(status) : show_reload(status, answer);
}

static int answer_health(long status, json_t *answer, bool json)
{
  (void)answer;
  if (!json) puts(status == 200 ? "alive" : "a lane stands still: restart the process");
  return status == 200 ? TG_EXIT_OK : TG_EXIT_FAILURE;
}

/* Asks the process and shows its answer; with --json as it came, and nothing else. */
static int ask(const struct question *q)
{
  struct tg_config c;
  struct tg_buf body = {0};
  struct tg_err err;
  long status = 0;
  int code = tg_cli_config(&c, q->config);
  if (code >= 0) return code;
  if (call(&c, q->fetch, &status, &body, &err) != TG_OK) {
    code = tg_cli_fail(&err);
  } else {
    json_t *answer = json_loads(tg_buf_cstr(&body), 0, NULL);
    if (q->json) printf("%s", tg_buf_cstr(&body));
    code = q->show(status, answer, q->json);
    json_decref(answer);
  }
  tg_buf_fini(&body);
  tg_config_fini(&c);
  return code;
}

/* What has no options of its own. */
static int ask_plainly(int argc, char **argv, struct question q)
{
  const struct tg_option options[] = {OPTIONS_OF(q), {0}};
  struct tg_args args;
  int code = tg_cli_parse(argc, argv, options, &args);
  return code >= 0 ? code : ask(&q);
}

int tg_command_reload(int argc, char **argv)
{
  struct question q = {.fetch = {.method = "POST", .url = "/-/reload"}, .show = answer_reload};
  const char *to = NULL, *user = tg_ask_user();
  bool dry = false, force = false;
  const struct tg_option options[] = {
      OPTIONS_OF(q),
      TG_OPT_TEXT("to", "SHA",
                  "an earlier set instead of what lies on disk, by the beginning of its name", to),
      TG_OPT_FLAG("dry-run", "show what would change, take nothing over", dry),
      TG_OPT_FLAG("force", "whatever the canary says (reload.canary_percent)", force),
      TG_OPT_TEXT("user", "NAME", "who; default: who is logged in", user),
      {0}};
  struct tg_args args;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  json_t *order =
      json_pack("{s:s*,s:s,s:b,s:b}", "to", to, "by", user, "dry_run", dry, "force", force);
  char *body = order ? json_dumps(order, JSON_COMPACT) : NULL;
  json_decref(order);
  if (!body) return fprintf(stderr, "error: --to, --user: not UTF-8\n"), TG_EXIT_USAGE;
  q.fetch.body = body;
  code = ask(&q);
  free(body);
  return code;
}

int tg_command_status(int argc, char **argv)
{
  return ask_plainly(
      argc, argv,
      (struct question){.fetch = {.method = "GET", .url = "/status.json"}, .show = answer_status});
}

int tg_command_health(int argc, char **argv)
{
  return ask_plainly(
      argc, argv,
      (struct question){.fetch = {.method = "GET", .url = "/livez", .timeout_s = HEALTH_S},
                        .show = answer_health});
}
