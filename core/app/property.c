/* The property table and the parsing of single values. */
#include "core/app/property.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const sinks[] = {"postgres", "kafka", NULL}; /* enum tg_sink_kind */
static const char *const gaps[] = {"halt", "skip", NULL};       /* enum tg_on_gap */
static const char *const formats[] = {"auto", "text", "logfmt", "json", NULL};

#define AT(member) offsetof(struct tg_config, member)
#define MIB        (INT64_C(1) << 20)
#define DAY        (INT64_C(86400) * 1000000)

static const struct tg_property properties[] = {
    {"config_version", TG_PROPERTY_NUMBER, AT(config_version), 1, 1, "1", NULL, false, false,
     "Version of this format."},
    {"include", TG_PROPERTY_FILES, 0, 0, 0, NULL, NULL, false, false,
     "More files of settings, one path or a list; `*` and `?` match names, as in `conf.d/*.yaml`. "
     "Read "
     "in this order behind this file: a later file wins, setting by setting."},
    {"pipeline", TG_PROPERTY_TEXT, AT(pipeline), 1, 200, NULL, NULL, true, false,
     "Identity of all state in PostgreSQL, and Kafka's `group.id`. Two processes with the same "
     "name share the work."},
    {"sink", TG_PROPERTY_CHOICE, AT(sink), 0, 1, "postgres", sinks, false, false,
     "Where what becomes of events is committed, with the place in Kafka. `postgres`: tables, "
     "quarantine and ledger. `kafka`: only what `b:emit` sends and dead letters, in one Kafka "
     "transaction with the group's offsets; nothing is kept in PostgreSQL, and `postgres.*` is not "
     "read (docs/OPERATIONS.md, From Kafka to Kafka)."},
    {"kafka.brokers", TG_PROPERTY_TEXT, AT(brokers), 1, 4096, NULL, NULL, true, false,
     "Bootstrap servers, `host:port,host:port`."},
    {"kafka.properties", TG_PROPERTY_MAP, AT(properties), 0, TG_PROPERTIES_MAX, NULL, NULL, false,
     false,
     "Handed to librdkafka unchanged. Keys that would break a promise are refused with the "
     "reason."},
    {"kafka.session_timeout", TG_PROPERTY_DURATION, AT(session_us), 6000000, 60000000, "45s", NULL,
     false, false,
     "How long the group waits for a silent member. Brokers away for less cost no partition; what "
     "a "
     "process held that died without a word (SIGKILL, power) moves after it."},
    {"kafka.instance", TG_PROPERTY_TEXT, AT(instance), 1, 200, NULL, NULL, false, false,
     "Name of this process among those of the pipeline, each its own: a static member. Started "
     "again under its name within `kafka.session_timeout` it gets its partitions back at once; "
     "what "
     "a stopped one held waits for it that long."},
    {"kafka.on_gap", TG_PROPERTY_CHOICE, AT(on_gap), 0, 1, "halt", gaps, false, false,
     "When events were deleted from Kafka before they were read: `halt` the partition until "
     "somebody "
     "acts, or note the gap in `tidegate.gap` and `skip` it. Going backwards is never a gap."},
    {"kafka.output_bytes_max", TG_PROPERTY_SIZE, AT(output_bytes_max), 1024, 64 * MIB, "1MB", NULL,
     false, false,
     "Largest record that a script may emit, headers included. An event that emits a larger one "
     "goes "
     "to the quarantine. At most what the brokers and the output topics take "
     "(`max.message.bytes`)."},
    {"postgres.dsn", TG_PROPERTY_SECRET, AT(dsn), 0, 4096, "", NULL, false, false,
     "Any libpq connection string or URI; `PG*` variables, `PGPASSFILE` and `PGSERVICE` fill the "
     "rest."},
    {"postgres.owner_dsn", TG_PROPERTY_SECRET, AT(owner_dsn), 0, 4096, NULL, NULL, false, false,
     "Another role for the state schema and DDL. Default: `postgres.dsn`."},
    {"postgres.password_file", TG_PROPERTY_PATH, AT(password_file), 1, 4096, NULL, NULL, false,
     false, "File that holds the password; read at each connect."},
    {"postgres.create_tables", TG_PROPERTY_FLAG, AT(create_tables), 0, 1, "true", NULL, false,
     false,
     "Make missing tables and add missing nullable columns. Nothing is ever dropped or narrowed."},
    {"postgres.statement_timeout", TG_PROPERTY_DURATION, AT(statement_us), 1000000, 600000000,
     "60s", NULL, false, false,
     "Longest statement of a load. A load that takes longer is split between its topics, then read "
     "again in smaller pieces."},
    {"quarantine.keep", TG_PROPERTY_DURATION, AT(quarantine_keep_us), 3600000000, 3650 * DAY, "30d",
     NULL, false, false,
     "How long rows of the quarantine stay after they were replayed or discarded. New ones stay "
     "until then."},
    {"scripts", TG_PROPERTY_PATH, AT(scripts), 1, 4096, "scripts", NULL, false, false,
     "Folder of topic scripts, one file a topic."},
    {"rules", TG_PROPERTY_PATH, AT(rules), 1, 4096, "rules", NULL, false, false,
     "Folder of your own rules. May be missing."},
    {"catalogue", TG_PROPERTY_PATH, AT(catalogue), 1, 4096, NULL, NULL, false, false,
     "Folder of the bundled rules. Default: beside the program."},
    {"lanes", TG_PROPERTY_NUMBER, AT(lanes), 1, TG_LANES_MAX, "auto", NULL, false, true,
     "Whole pipelines in this process. `auto` = cores."},
    {"memory", TG_PROPERTY_SIZE, AT(memory_bytes), 64 * MIB, INT64_C(1) << 46, "auto", NULL, false,
     true,
     "Budget of the process for queues, loads and scripts of all lanes. `auto` = room for "
     "full-size loads in every lane. The log says at start what every part may take."},
    {"load.rows", TG_PROPERTY_NUMBER, AT(load_rows), 1, 1000000, "50000", NULL, false, false,
     "Most events of one load (one transaction)."},
    {"load.bytes", TG_PROPERTY_SIZE, AT(load_bytes), 2 * MIB, 1024 * MIB, "24MiB", NULL, false,
     false, "Most memory of one load: raw events and columns. Three loads a lane are alive."},
    {"load.linger", TG_PROPERTY_DURATION, AT(load_linger_us), 1000, 60000000, "50ms", NULL, false,
     false,
     "How long a load waits for more events when the lane is caught up. Where fewer than 20 come "
     "in a second, loads are larger and up to a second apart."},
    {"event_bytes_max", TG_PROPERTY_SIZE, AT(event_bytes_max), 1024, 64 * MIB, "1MiB", NULL, false,
     false,
     "Larger events go to the quarantine with their first 64 KiB. At most half of `load.bytes`."},
    {"lua.memory", TG_PROPERTY_SIZE, AT(lua_memory_bytes), MIB, 1024 * MIB, "32MiB", NULL, false,
     false, "Memory of the scripts of one lane."},
    {"lua.deadline", TG_PROPERTY_DURATION, AT(lua_deadline_us), 10000, 60000000, "2s", NULL, false,
     false, "Longest run of one call of a script, in CPU time."},
    {"state.bytes", TG_PROPERTY_SIZE, AT(state_bytes), MIB, INT64_C(1) << 46, "256MiB", NULL, false,
     false,
     "Most memory of what rules remember by key, all lanes and partitions together. Once it is "
     "used up, rules with such a state end in an error instead of remembering more. Beside "
     "`memory`."},
    {"lookups.bytes", TG_PROPERTY_SIZE, AT(lookups_bytes), MIB, 4096 * MIB, "64MiB", NULL, false,
     false,
     "Most memory of all lookups that are read from tables, together; one that is read again "
     "counts anew meanwhile. Beside `memory`."},
    {"breaker.cooldown", TG_PROPERTY_DURATION, AT(breaker.cooldown_us), 1000000,
     INT64_C(86400000000), "60s", NULL, false, false,
     "How long a breaker stays open after a failure before a lookup that was read again makes it "
     "half open; doubled after each failed probe. A reload and an operator need not wait."},
    {"breaker.cooldown_max", TG_PROPERTY_DURATION, AT(breaker.cooldown_max_us), 1000000,
     INT64_C(86400000000), "30m", NULL, false, false, "The most that doubling makes of it."},
    {"breaker.trial_rows", TG_PROPERTY_NUMBER, AT(breaker.trial_rows), 0, 100000000, "1000", NULL,
     false, false,
     "Rows behind the offending ranges that must be clean, too, before a half-open breaker closes; "
     "fewer when Kafka has no more."},
    {"breaker.quarantine_percent", TG_PROPERTY_NUMBER, AT(breaker.quarantine_percent), 0, 100, "5",
     NULL, false, false,
     "A breaker opens when this share of a topic's rows went to the quarantine; 0 = never."},
    {"breaker.quarantine_rows", TG_PROPERTY_NUMBER, AT(breaker.quarantine_rows), 1, 1000000000,
     "1000", NULL, false, false, "With fewer rows in `breaker.over` that share is not judged."},
    {"breaker.over", TG_PROPERTY_DURATION, AT(breaker.over_us), 1000000, INT64_C(86400000000), "5m",
     NULL, false, false, "The window of Kafka time in which rejected rows are counted."},
    {"reload.watch", TG_PROPERTY_FLAG, AT(reload_watch), 0, 1, "false", NULL, false, false,
     "Reload by itself, 2 to 4 s after a change in the folders has settled: for a mount that "
     "changes from outside, as a Kubernetes ConfigMap."},
    {"reload.rollback", TG_PROPERTY_DURATION, AT(rollback_us), 0, 3600000000, "5m", NULL, false,
     false,
     "So long after a reload the set before is taken over again by itself when the new one holds "
     "back a topic that was sound: its breaker opens by an error of a script, or because so many "
     "rows are rejected; 0 = never. A critical rule, which may be right, does not do it, nor does "
     "a set that `tidegate reload --force` took over."},
    {"reload.canary_percent", TG_PROPERTY_NUMBER, AT(canary_percent), 0, 100, "50", NULL, false,
     false,
     "A reload is refused when on the newest events of a topic (100 to 1,000) the share of "
     "quarantined rows would grow by more than so many points; 0 = never. `tidegate reload "
     "--force` "
     "takes the set all the same."},
    {"http.listen", TG_PROPERTY_TEXT, AT(http_listen), 0, 200, "127.0.0.1:8080", NULL, false, false,
     "Address of metrics, health and status; empty = off."},
    {"http.token_file", TG_PROPERTY_PATH, AT(http_token_file), 1, 4096, NULL, NULL, false, false,
     "File with the bearer token of write endpoints (reload). Without it they are off."},
    {"alerts.alertmanager", TG_PROPERTY_SECRET, AT(alerts.alertmanager), 1, 4096, NULL, NULL, false,
     false,
     "Base URLs of Alertmanagers, `http://host:9093`, comma between those of a cluster: each is "
     "told everything. docs/OPERATIONS.md, Alerts."},
    {"alerts.webhook", TG_PROPERTY_SECRET, AT(alerts.webhook), 1, 4096, NULL, NULL, false, false,
     "URL that gets the same requests as `/api/v2/alerts` of an Alertmanager."},
    {"alerts.token_file", TG_PROPERTY_PATH, AT(alerts.token_file), 1, 4096, NULL, NULL, false,
     false, "File with the bearer token for the webhook; read for each request."},
    {"alerts.for", TG_PROPERTY_DURATION, AT(alerts.for_us), 0, DAY, "0s", NULL, false, false,
     "How long something must be wrong before it is told."},
    {"alerts.keep", TG_PROPERTY_DURATION, AT(alerts.keep_us), 0, DAY, "1m", NULL, false, false,
     "How long it must be right before that is told: what comes and goes is one alert."},
    {"alerts.fade", TG_PROPERTY_DURATION, AT(alerts.fade_us), 1000000, 7 * DAY, "15m", NULL, false,
     false,
     "When a bad verdict that no other followed counts as over: nothing more came to be judged."},
    {"alerts.resend", TG_PROPERTY_DURATION, AT(alerts.resend_us), 1000000, DAY, "1m", NULL, false,
     false,
     "What fires is told again after this time. It says that it ends after four times as long, so "
     "that what a process that died has told ends by itself."},
    {"alerts.group_wait", TG_PROPERTY_DURATION, AT(alerts.group_us), 0, DAY, "1s", NULL, false,
     false, "How long the first one waits for others to go in the same request."},
    {"alerts.rate", TG_PROPERTY_NUMBER, AT(alerts.rate), 1, 6000, "30", NULL, false, false,
     "Most requests a minute to each receiver; what happens in between goes together in the next."},
    {"alerts.timeout", TG_PROPERTY_DURATION, AT(alerts.timeout_us), 1000000, 600000000, "10s", NULL,
     false, false, "How long a receiver may take to answer."},
    {"alerts.instance", TG_PROPERTY_TEXT, AT(alerts.instance), 1, 200, NULL, NULL, false, false,
     "The label `instance` of alerts about this process. Default: host name and port of "
     "`http.listen`."},
    {"alerts.runbook_url", TG_PROPERTY_TEXT, AT(alerts.runbook_url), 1, 1024, NULL, NULL, false,
     false,
     "Where docs/OPERATIONS.md can be read; the annotation `runbook_url` is it, `#` and the "
     "alert's name."},
    {"log.level", TG_PROPERTY_CHOICE, AT(log_level), 0, 3, "info", levels, false, false,
     "Least level that is written."},
    {"log.format", TG_PROPERTY_CHOICE, AT(log_format), 0, 3, "auto", formats, false, false,
     "`auto`: text on a terminal, logfmt otherwise."},
};

const struct tg_property *tg_properties(uint32_t *count)
{
  *count = sizeof properties / sizeof *properties;
  return properties;
}

/* number + unit; units is a list of (name, factor) ended by NULL; an empty unit has factor `plain`
 * (0: not allowed). */
struct unit {
  const char *name;
  int64_t factor;
};

static bool with_unit(struct tg_text text, const struct unit *units, int64_t plain, int64_t *out)
{
  uint32_t i = 0;
  int64_t n = 0, factor = plain;
  for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
    if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, text.ptr[i] - '0', &n))
      return false;
  struct tg_text unit = tg_text_of(text.ptr + i, text.len - i);
  if (unit.len) {
    factor = 0;
    for (; units->name; units++)
      if (tg_text_is(unit, units->name)) factor = units->factor;
  }
  return i > 0 && factor && !__builtin_mul_overflow(n, factor, out);
}

bool tg_duration_parse(struct tg_text text, int64_t *us)
{
  static const struct unit units[] = {{"us", 1},
                                      {"ms", 1000},
                                      {"s", 1000000},
                                      {"m", 60000000},
                                      {"h", INT64_C(3600000000)},
                                      {"d", INT64_C(86400000000)},
                                      {NULL, 0}};
  return with_unit(text, units, 0, us);
}

bool tg_size_parse(struct tg_text text, int64_t *bytes)
{
  static const struct unit units[] = {{"B", 1},           {"KiB", 1 << 10}, {"MiB", 1 << 20},
                                      {"GiB", 1 << 30},   {"kB", 1000},     {"MB", 1000000},
                                      {"GB", 1000000000}, {NULL, 0}};
  return with_unit(text, units, 1, bytes);
}

/* Fills err for a value that does not do; returns TG_CONFIG. */
__attribute__((format(printf, 2, 3))) static enum tg_rc bad(struct tg_err *err, const char *fmt,
                                                            ...)
{
  va_list args;
  va_start(args, fmt);
  enum tg_rc rc = tg_err_vset(err, TG_CONFIG, "configuration", fmt, args);
  va_end(args);
  return rc;
}

static bool parse_number(const struct tg_property *p, struct tg_text text, int64_t *n)
{
  if (p->kind == TG_PROPERTY_DURATION) return tg_duration_parse(text, n);
  if (p->kind == TG_PROPERTY_SIZE) return tg_size_parse(text, n);
  for (uint32_t i = 0; i < text.len; i++)
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
  return tg_size_parse(text, n);
}

/* What a number, size or duration looks like, and its unit inside. */
static const char *form_of(const struct tg_property *p, const char **unit)
{
  bool size = p->kind == TG_PROPERTY_SIZE, duration = p->kind == TG_PROPERTY_DURATION;
  *unit = size ? " bytes" : duration ? " us" : "";
  return size       ? "a size such as 24MiB"
         : duration ? "a duration such as 50ms or 2h"
                    : "a whole number";
}

static enum tg_rc set_number(struct tg_config *c, const struct tg_property *p, struct tg_text text,
                             struct tg_err *err)
{
  void *at = (char *)c + p->offset;
  const char *unit, *form = form_of(p, &unit);
  bool automatic = p->automatic && tg_text_is(text, "auto");
  int64_t n = 0;
  if (!automatic && !parse_number(p, text, &n))
    return bad(err, "'%.*s' is not %s%s", TG_TEXT(text), form, p->automatic ? " or auto" : "");
  if (!automatic && (n < p->min || n > p->max))
    return bad(err, "%lld is out of range: %lld to %lld%s", (long long)n, (long long)p->min,
               (long long)p->max, unit);
  if (p->kind == TG_PROPERTY_NUMBER)
    *(uint32_t *)at = (uint32_t)n;
  else
    *(int64_t *)at = n;
  return TG_OK;
}

static enum tg_rc set_text(struct tg_config *c, const struct tg_property *p, struct tg_text text,
                           const char *folder, struct tg_err *err)
{
  if (text.len < p->min || text.len > p->max)
    return bad(err, "%s", text.len ? "the text is too long" : "must not be empty");
  bool relative = p->kind == TG_PROPERTY_PATH && folder && *folder && text.ptr[0] != '/';
  const char *kept = relative ? tg_arena_printf(&c->arena, "%s/%.*s", folder, TG_TEXT(text))
                              : tg_arena_printf(&c->arena, "%.*s", TG_TEXT(text));
  if (!kept) return bad(err, "out of memory");
  *(const char **)((char *)c + p->offset) = kept;
  return TG_OK;
}

static enum tg_rc set_choice(struct tg_config *c, const struct tg_property *p, struct tg_text text,
                             struct tg_err *err)
{
  char room[256];
  struct tg_buf names = {.ptr = room, .size = sizeof room, .max = sizeof room};
  for (int i = 0; p->choices[i]; i++) {
    if (tg_text_is(text, p->choices[i])) return *(int *)((char *)c + p->offset) = i, TG_OK;
    tg_buf_printf(&names, "%s %s", i ? "," : "", p->choices[i]);
  }
  return bad(err, "'%.*s' is none of%s", TG_TEXT(text), tg_buf_cstr(&names));
}

static enum tg_rc set_flag(struct tg_config *c, const struct tg_property *p, struct tg_text text,
                           struct tg_err *err)
{
  bool yes = tg_text_is(text, "true");
  if (!yes && !tg_text_is(text, "false"))
    return bad(err, "'%.*s' is neither true nor false", TG_TEXT(text));
  *(bool *)((char *)c + p->offset) = yes;
  return TG_OK;
}

enum tg_rc tg_property_set(struct tg_config *c, const struct tg_property *p, struct tg_text text,
                           const char *folder, struct tg_err *err)
{
  switch (p->kind) {
  case TG_PROPERTY_TEXT:
  case TG_PROPERTY_PATH:
  case TG_PROPERTY_SECRET: return set_text(c, p, text, folder, err);
  case TG_PROPERTY_CHOICE: return set_choice(c, p, text, err);
  case TG_PROPERTY_FLAG: return set_flag(c, p, text, err);
  case TG_PROPERTY_FILES:
  case TG_PROPERTY_MAP: return bad(err, "a map of key: value is expected");
  default: return set_number(c, p, text, err);
  }
}

/* Appends the value of one ${..}. */
static enum tg_rc expand_one(struct tg_buf *b, struct tg_text inside, struct tg_err *err)
{
  char name[128];
  const char *colon = memchr(inside.ptr, ':', inside.len);
  size_t len = colon ? (size_t)(colon - inside.ptr) : inside.len;
  struct tg_text rest = tg_text_of(inside.ptr + len, inside.len - len);
  if (len == 0 || len >= sizeof name)
    return bad(err, "${%.*s}: a variable's name is expected", TG_TEXT(inside));
  memcpy(name, inside.ptr, len);
  name[len] = '\0';
  const char *value = getenv(name);
  bool known = !colon || (rest.len >= 2 && (rest.ptr[1] == '-' || rest.ptr[1] == '?'));
  if (!known)
    return bad(err, "${%.*s}: only ${VAR}, ${VAR:-default} and ${VAR:?message} are known",
               TG_TEXT(inside));
  if (value && (!colon || *value)) return tg_buf_str(b, value), TG_OK;
  if (!colon) return bad(err, "the variable %s is not set", name);
  if (rest.ptr[1] == '?') return bad(err, "%s: %.*s", name, (int)rest.len - 2, rest.ptr + 2);
  return tg_buf_add(b, rest.ptr + 2, rest.len - 2), TG_OK;
}

static enum tg_rc expand(struct tg_buf *b, struct tg_text text, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; i < text.len && rc == TG_OK; i++) {
    bool opens = text.ptr[i] == '$' && i + 1 < text.len && text.ptr[i + 1] == '{';
    const char *close = opens ? memchr(text.ptr + i, '}', text.len - i) : NULL;
    if (!close) {
      tg_buf_char(b, text.ptr[i]);
      continue;
    }
    uint32_t end = (uint32_t)(close - text.ptr);
    rc = expand_one(b, tg_text_of(text.ptr + i + 2, end - i - 2), err);
    i = end;
  }
  return rc;
}

struct tg_text tg_property_expand(struct tg_arena *a, struct tg_text text, struct tg_err *err)
{
  struct tg_buf b;
  struct tg_text out = {NULL, 0};
  tg_buf_init(&b, 1 << 20);
  enum tg_rc rc = expand(&b, text, err);
  if (rc == TG_OK && b.len && memchr(b.ptr, '\n', b.len))
    rc = bad(err, "a value must not hold a line break");
  if (rc == TG_OK && b.failed) rc = bad(err, "the value is too long");
  if (rc == TG_OK) out = tg_arena_copy(a, tg_text_of(b.ptr ? b.ptr : "", b.len));
  tg_buf_fini(&b);
  return out;
}
