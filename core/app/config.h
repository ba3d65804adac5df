/* Configuration: YAML for wiring (docs/CONFIG.md is generated from the property table in config.c).
 *
 * Parsing reports every fault at once, each with file:line:column. Secrets are kept with a
 * redacted twin; only the twin is ever printed. A file may include others; what a later one says
 * goes before what an earlier one said. Everything a config points to lives in its
 * arena. */
#ifndef TG_APP_CONFIG_H
#define TG_APP_CONFIG_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/flow/breaker.h"

enum tg_on_gap { TG_GAP_HALT, TG_GAP_SKIP };
enum tg_sink_kind { TG_SINK_POSTGRES, TG_SINK_KAFKA };
enum { TG_PROPERTIES_MAX = 128, TG_LANES_MAX = 64 };

struct tg_alert_config {
  const char *alertmanager; /* base URLs, comma between; NULL: none */
  const char *webhook;      /* URL; NULL: none */
  const char *token_file;   /* of the webhook; NULL: none */
  int64_t for_us, keep_us, fade_us, resend_us, group_us, timeout_us;
  uint32_t rate;           /* requests a minute to each receiver */
  const char *instance;    /* label; NULL: host and port of http.listen */
  const char *runbook_url; /* or NULL */
};

struct tg_config {
  struct tg_arena arena;
  const char *path; /* the file, or NULL */
  uint32_t config_version;
  const char *pipeline;   /* identity of all state in PostgreSQL; also Kafka's group.id */
  enum tg_sink_kind sink; /* where loads are committed */
  const char *brokers;
  const char *properties[2 * TG_PROPERTIES_MAX + 1]; /* key, value, .., NULL */
  uint32_t properties_count;                         /* pairs */
  int64_t session_us;                                /* kafka.session_timeout */
  enum tg_on_gap on_gap;                             /* kafka.on_gap */
  const char *instance;                              /* kafka.instance; NULL: no static member */
  const char *dsn;
  const char *dsn_shown;       /* without the password */
  const char *password_file;   /* or NULL */
  const char *owner_dsn;       /* for DDL; NULL: dsn */
  int64_t statement_us;        /* postgres.statement_timeout */
  bool create_tables;          /* postgres.create_tables */
  int64_t quarantine_keep_us;  /* quarantine.keep */
  const char *scripts, *rules; /* folders, relative to the config file's */
  const char *catalogue;       /* bundled rules; found beside the program when NULL */
  uint32_t lanes;              /* resolved: auto = cores */
  uint64_t memory_bytes;       /* budget of the process: queues, arenas, scripts; resolved */
  uint32_t queue_kbytes;       /* of it, librdkafka's prefetch queue of one lane; resolved */
  uint32_t load_rows;
  uint64_t load_bytes;
  int64_t load_linger_us;
  uint64_t event_bytes_max;
  uint64_t output_bytes_max; /* kafka.output_bytes_max */
  uint64_t lua_memory_bytes; /* per lane */
  int64_t lua_deadline_us;
  uint64_t state_bytes;   /* of the process: keyed state */
  uint64_t lookups_bytes; /* of the process: snapshots */
  struct tg_breaker_conf breaker;
  uint32_t canary_percent;     /* reload.canary_percent */
  int64_t rollback_us;         /* reload.rollback; 0: never */
  bool reload_watch;           /* reload.watch */
  const char *http_listen;     /* "127.0.0.1:8080", "" = off */
  const char *http_token_file; /* for write endpoints; NULL: they are off */
  struct tg_alert_config alerts;
  enum tg_level log_level;
  enum tg_log_format log_format;
};

/* Receives every fault; where is "tidegate.yaml:3:5". */
typedef void tg_config_fault(void *self, const struct tg_err *err);

/* Reads path (NULL: defaults only), substitutes ${VAR}, checks everything, resolves `auto` and
 * relative paths.
 * TG_CONFIG after at least one fault was reported. */
enum tg_rc tg_config_load(struct tg_config *c, const char *path, tg_config_fault *fault,
                          void *self);
void tg_config_fini(struct tg_config *c);

/* Generated documents; compared with the committed ones by a test. */
struct tg_buf;
void tg_config_markdown(struct tg_buf *out);
void tg_config_json_schema(struct tg_buf *out);

#endif
