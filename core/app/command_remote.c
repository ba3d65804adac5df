/* tidegate reload, status, health: asking the running process over its HTTP endpoint. */
#include "core/app/cli.h"
#include "core/app/statusview.h"
#include "core/net/fetch.h"

#include <jansson.h>

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

static int config_of(int argc, char **argv, struct tg_config *c, bool *json)
{
  const char *path = NULL;
  const struct tg_option options[] = {
      TG_OPT_TEXT("config", "FILE",
                  "the configuration of the process (default: $TIDEGATE_CONFIG, ./tidegate.yaml)",
                  path),
      TG_OPT_FLAG("json", "the answer as JSON", *json),
      {0}};
  struct tg_args args;
  int code = tg_cli_parse(argc, argv, options, &args);
  return code >= 0 ? code : tg_cli_config(c, path);
}

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
static int ask(int argc, char **argv, struct tg_fetch f,
               int (*show)(long status, json_t *answer, bool json))
{
  struct tg_config c;
  struct tg_buf body = {0};
  struct tg_err err;
  bool json = false;
  long status = 0;
  int code = config_of(argc, argv, &c, &json);
  if (code >= 0) return code;
  if (call(&c, f, &status, &body, &err) != TG_OK) {
    code = tg_cli_fail(&err);
  } else {
    json_t *answer = json_loads(tg_buf_cstr(&body), 0, NULL);
    if (json) printf("%s", tg_buf_cstr(&body));
    code = show(status, answer, json);
    json_decref(answer);
  }
  tg_buf_fini(&body);
  tg_config_fini(&c);
  return code;
}

int tg_command_reload(int argc, char **argv)
{
  return ask(argc, argv, (struct tg_fetch){.method = "POST", .url = "/-/reload"}, answer_reload);
}

int tg_command_status(int argc, char **argv)
{
  return ask(argc, argv, (struct tg_fetch){.method = "GET", .url = "/status.json"}, answer_status);
}

int tg_command_health(int argc, char **argv)
{
  return ask(argc, argv, (struct tg_fetch){.method = "GET", .url = "/livez", .timeout_s = HEALTH_S},
             answer_health);
}
