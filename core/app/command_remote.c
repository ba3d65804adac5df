/* tidegate reload, status, health: asking the running process over its HTTP endpoint. */
#include "core/app/cli.h"
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

static double number(json_t *o, const char *key)
{
  return json_number_value(json_object_get(o, key));
}
static const char *text(json_t *o, const char *key)
{
  const char *s = json_string_value(json_object_get(o, key));
  return s ? s : "";
}

static void show_topic(json_t *t)
{
  printf("  %-20s %12.0f %9.0f %11.0f %8.0f %9.0f %8.1f s %7.0f ms  %s\n", text(t, "topic"),
         number(t, "loaded") + number(t, "tagged"), number(t, "tagged"), number(t, "quarantined"),
         number(t, "dropped"), number(t, "lag_records"), number(t, "lag_seconds"),
         number(t, "latency_p99_seconds") * 1000,
         json_is_true(json_object_get(t, "waits")) ? "WAITS" : "ok");
}

static void show_windows(json_t *windows)
{
  size_t t, r;
  json_t *topic, *rule;
  if (json_array_size(windows))
    printf("\n  %-20s %-32s %6s  %-24s  %-24s %10s\n", "windows of", "rule", "open", "oldest",
           "judged at", "lag");
  json_array_foreach(windows, t, topic) json_array_foreach(json_object_get(topic, "rules"), r, rule)
      printf("  %-20s %-32s %6.0f  %-24s  %-24s %8.1f s\n", text(topic, "topic"),
             text(rule, "rule"), number(rule, "open"), text(rule, "oldest"),
             text(rule, "judged_at"), number(topic, "lag_seconds"));
}

static void show_lookups(json_t *lookups)
{
  size_t i;
  json_t *l;
  if (json_array_size(lookups))
    printf("\n  %-20s %-32s %10s %10s  %-28s\n", "topic", "lookup", "rows", "age", "version");
  json_array_foreach(lookups, i, l)
      printf("  %-20s %-32s %10.0f %8.1f s  %-28s %s\n", text(l, "topic"), text(l, "lookup"),
             number(l, "rows"), number(l, "age_seconds"), text(l, "version"),
             json_is_true(json_object_get(l, "stale")) ? "STALE" : "");
}

/* What a breaker waits for, or what else stands in the way. */
static void show_next(json_t *topics)
{
  size_t i;
  json_t *t;
  json_array_foreach(topics, i, t)
  {
    const char *breaker = text(t, "breaker"), *next = text(t, "next");
    if (!json_is_true(json_object_get(t, "waits"))) continue;
    printf("\n%s waits", text(t, "topic"));
    if (strcmp(breaker, "closed") != 0) printf(" (breaker %s)", breaker);
    printf(": %s\n  next: %s\n", text(t, "reason"),
           *next ? next : "mend the cause, then wait: it is probed again by itself");
  }
}

static void show_status(json_t *s)
{
  json_t *topics = json_object_get(s, "topics"), *lanes = json_object_get(s, "lanes"), *item;
  double assigned = 0, reading = 0;
  size_t i;
  json_array_foreach(lanes, i, item) assigned += number(item, "assigned"),
      reading += number(item, "reading");
  printf("tidegate %s  pipeline %s  generation %.12s  up since %s\n", text(s, "version"),
         text(s, "pipeline"), text(s, "generation"), text(s, "started_at"));
  printf("%zu lanes, %.0f partitions assigned, %.0f read; last reload: %s\n\n",
         json_array_size(lanes), assigned, reading, text(s, "last_reload"));
  printf("  %-20s %12s %9s %11s %8s %9s %10s %10s\n", "topic", "loaded", "tagged", "quarantined",
         "dropped", "lag", "lag", "p99");
  json_array_foreach(topics, i, item) show_topic(item);
  show_windows(json_object_get(s, "windows"));
  show_lookups(json_object_get(s, "lookups"));
  if (*text(s, "last_reload_faults"))
    printf("\nlast reload was refused:\n%s", text(s, "last_reload_faults"));
  show_next(topics);
}

static int answer_status(long status, json_t *answer, bool json)
{
  if (answer && !json) show_status(answer);
  return status == 200 && answer ? TG_EXIT_OK : TG_EXIT_FAILURE;
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
