/* Reading the configuration: YAML nodes against the property table, every fault with its line and
 * column. */
#include "core/app/property.h"

#include "core/app/budget.h"
#include "core/flow/alertbook.h"
#include "core/kafka/consumer.h"
#include "core/net/http.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <yaml.h>

enum { CHUNK = 16 << 10, KEY_MAX = 200, DEPTH_MAX = 4, FAULTS_MAX = 200, INCLUDES_MAX = 32 };

struct include { /* an entry of `include`, read behind the file that names it */
  const char *pattern;
  yaml_node_t at; /* only its place */
};

struct reader {
  struct tg_config *config;
  yaml_document_t *doc;
  const char *path, *folder;
  tg_config_fault *fault;
  void *self;
  uint32_t faults;
  bool seen[64];             /* by property, in any file */
  bool here[64];             /* in the file being read */
  uint32_t properties_first; /* kafka.properties of the files before it */
  bool included;             /* it is not the main file */
  struct include includes[INCLUDES_MAX];
  uint32_t includes_count;
};

__attribute__((format(printf, 3, 4))) static void complain(struct reader *r, const yaml_node_t *at,
                                                           const char *fmt, ...)
{
  struct tg_err err;
  char where[sizeof err.where];
  if (at)
    snprintf(where, sizeof where, "%s:%zu:%zu", r->path, at->start_mark.line + 1,
             at->start_mark.column + 1);
  else
    snprintf(where, sizeof where, "%s", r->path ? r->path : "configuration");
  va_list args;
  va_start(args, fmt);
  tg_err_vset(&err, TG_CONFIG, where, fmt, args);
  va_end(args);
  if (r->faults++ < FAULTS_MAX) r->fault(r->self, &err);
}

static struct tg_text scalar(const yaml_node_t *n)
{
  return tg_text_of((const char *)n->data.scalar.value, n->data.scalar.length);
}

static int find_property(const char *key)
{
  uint32_t count;
  const struct tg_property *p = tg_properties(&count);
  for (uint32_t i = 0; i < count; i++)
    if (strcmp(p[i].key, key) == 0) return (int)i;
  return -1;
}

static bool is_group(const char *key)
{
  uint32_t count;
  const struct tg_property *p = tg_properties(&count);
  size_t len = strlen(key);
  for (uint32_t i = 0; i < count; i++)
    if (strncmp(p[i].key, key, len) == 0 && p[i].key[len] == '.') return true;
  return false;
}

/* "there is no `load.row`; did you mean `load.rows`?" */
static void unknown_key(struct reader *r, const yaml_node_t *at, const char *key)
{
  uint32_t count;
  const struct tg_property *p = tg_properties(&count);
  const char *names[65] = {0};
  for (uint32_t i = 0; i < count && i < 64; i++) names[i] = p[i].key;
  const char *near = tg_text_nearest(tg_text(key), names);
  complain(r, at, "there is no setting `%s`%s%s%s", key, near ? "; did you mean `" : "",
           near ? near : "", near ? "`?" : "");
}

static struct tg_text expanded(struct reader *r, const yaml_node_t *n, const char *key)
{
  struct tg_err err;
  struct tg_text t = tg_property_expand(&r->config->arena, scalar(n), &err);
  if (!t.ptr) complain(r, n, "%s: %s", key, err.what);
  if (!t.len || !memchr(t.ptr, '\0', t.len)) return t;
  complain(r, n, "%s: holds a NUL character (\\0, \\u0000)", key); /* it would end the text */
  return (struct tg_text){NULL, 0};
}

/* What cannot be listened on anywhere; whether the port is free shows at the start. */
static void check_listen(struct reader *r, const yaml_node_t *n)
{
  char host[256];
  uint16_t port;
  const char *listen = r->config->http_listen;
  if (*listen && !tg_http_address(listen, host, sizeof host, &port))
    complain(r, n, "http.listen: '%s' is not host:port, such as 127.0.0.1:8080", listen);
}

/* Shows a broken value only when it is no secret. */
static void take_scalar(struct reader *r, const struct tg_property *p, const yaml_node_t *n)
{
  struct tg_err err;
  if (n->type != YAML_SCALAR_NODE) return complain(r, n, "%s: one value is expected here", p->key);
  struct tg_text t = expanded(r, n, p->key);
  if (t.ptr && tg_property_set(r->config, p, t, r->folder, &err) != TG_OK)
    complain(r, n, "%s: %s", p->key, err.what);
  else if (t.ptr && p->offset == offsetof(struct tg_config, http_listen))
    check_listen(r, n);
}

/* Adds a pair, or replaces that of a file read before. */
static void put_pair(struct reader *r, const yaml_node_t *at, const char *name, const char *value)
{
  struct tg_config *c = r->config;
  uint32_t i = 0;
  while (i < c->properties_count && strcmp(c->properties[2 * i], name) != 0) i++;
  if (i == TG_PROPERTIES_MAX)
    return complain(r, at, "kafka.properties: more than %d entries", TG_PROPERTIES_MAX);
  if (i < c->properties_count && i >= r->properties_first)
    return complain(r, at, "kafka.properties: `%s` is given twice", name);
  c->properties[2 * i] = name, c->properties[2 * i + 1] = value;
  if (i == c->properties_count) c->properties_count++;
}

static void take_map(struct reader *r, const yaml_node_t *n)
{
  struct tg_config *c = r->config;
  struct tg_err err;
  if (n->type != YAML_MAPPING_NODE)
    return complain(r, n, "kafka.properties: a map of key: value is expected");
  for (yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < n->data.mapping.pairs.top;
       pair++) {
    const yaml_node_t *key = yaml_document_get_node(r->doc, pair->key),
                      *value = yaml_document_get_node(r->doc, pair->value);
    if (value->type != YAML_SCALAR_NODE) {
      complain(r, value, "kafka.properties: one value is expected here");
      continue;
    }
    const char *name = tg_arena_printf(&c->arena, "%.*s", TG_TEXT(scalar(key)));
    struct tg_text text = expanded(r, value, name);
    const char *kept = text.ptr ? tg_arena_printf(&c->arena, "%.*s", TG_TEXT(text)) : NULL;
    if (!kept) continue;
    if (tg_consumer_property(name, kept, &err) != TG_OK)
      complain(r, key, "kafka.properties: %s", err.what);
    else
      put_pair(r, key, name, kept);
  }
}

static void take_include(struct reader *r, const yaml_node_t *n)
{
  if (n->type != YAML_SCALAR_NODE) return complain(r, n, "include: a file's path is expected here");
  struct tg_text t = expanded(r, n, "include");
  if (!t.ptr) return;
  if (r->includes_count == INCLUDES_MAX)
    return complain(r, n, "include: more than %d entries", INCLUDES_MAX);
  bool relative = *r->folder && t.len && t.ptr[0] != '/';
  const char *path = tg_arena_printf(&r->config->arena, "%s%s%.*s", relative ? r->folder : "",
                                     relative ? "/" : "", TG_TEXT(t));
  if (!path) return complain(r, n, "include: out of memory");
  r->includes[r->includes_count++] = (struct include){path, {.start_mark = n->start_mark}};
}

/* One path or a list of them. */
static void take_includes(struct reader *r, const yaml_node_t *n)
{
  if (r->included) return complain(r, n, "include: only the main file includes others");
  if (n->type != YAML_SEQUENCE_NODE) return take_include(r, n);
  for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++)
    take_include(r, yaml_document_get_node(r->doc, *i));
}

static void take_property(struct reader *r, int i, const yaml_node_t *key, const yaml_node_t *value)
{
  uint32_t count;
  const struct tg_property *p = &tg_properties(&count)[i];
  if (r->here[i]) return complain(r, key, "`%s` is given twice", p->key);
  r->here[i] = r->seen[i] = true;
  if (p->kind == TG_PROPERTY_MAP)
    take_map(r, value);
  else if (p->kind == TG_PROPERTY_FILES)
    take_includes(r, value);
  else
    take_scalar(r, p, value);
}

static void take_mapping(struct reader *r, const yaml_node_t *node, const char *prefix, int depth)
{
  if (node->type != YAML_MAPPING_NODE)
    return complain(r, node, "%s: a map of settings is expected", *prefix ? prefix : "the file");
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
       pair++) {
    const yaml_node_t *key = yaml_document_get_node(r->doc, pair->key),
                      *value = yaml_document_get_node(r->doc, pair->value);
    char name[KEY_MAX];
    if (key->type != YAML_SCALAR_NODE) {
      complain(r, key, "a setting's name is expected");
      continue;
    }
    snprintf(name, sizeof name, "%s%s%.*s", prefix, *prefix ? "." : "", TG_TEXT(scalar(key)));
    int i = find_property(name);
    if (i >= 0)
      take_property(r, i, key, value);
    else if (is_group(name) && depth < DEPTH_MAX)
      take_mapping(r, value, name, depth + 1);
    else
      unknown_key(r, key, name);
  }
}

static void read_file(struct reader *r)
{
  yaml_parser_t parser;
  yaml_document_t doc;
  FILE *f = fopen(r->path, "rb");
  if (!f) return complain(r, NULL, "the file cannot be read; `tidegate init DIR` makes one");
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_file(&parser, f);
  if (!yaml_parser_load(&parser, &doc)) {
    yaml_node_t at = {.start_mark = parser.problem_mark};
    complain(r, &at, "not YAML: %s", parser.problem ? parser.problem : "unreadable");
  } else {
    r->doc = &doc;
    yaml_node_t *root = yaml_document_get_root_node(&doc);
    if (root) take_mapping(r, root, "", 0);
    yaml_document_delete(&doc);
  }
  yaml_parser_delete(&parser);
  fclose(f);
}

static void take_defaults(struct reader *r)
{
  uint32_t count;
  struct tg_err err;
  const struct tg_property *p = tg_properties(&count);
  for (uint32_t i = 0; i < count; i++) {
    if (r->seen[i]) continue;
    if (p[i].required)
      complain(r, NULL, "`%s` is missing: %s", p[i].key, p[i].doc);
    else if (p[i].preset &&
             tg_property_set(r->config, &p[i], tg_text(p[i].preset), r->folder, &err) != TG_OK)
      complain(r, NULL, "%s: default %s: %s", p[i].key, p[i].preset, err.what);
  }
}

/* Of a lane's librdkafka queue. */
enum { QUEUE_KB_MAX = 65536, QUEUE_KB_MIN = 8192 };

static uint64_t queue_bytes(uint64_t kb)
{
  return kb * 1024 * TG_BUDGET_QUEUE_TENTHS / 10;
}

static void resolve(struct reader *r)
{
  struct tg_config *c = r->config;
  if (!c->lanes) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    c->lanes = cores < 1 ? 1 : cores > TG_LANES_MAX ? TG_LANES_MAX : (uint32_t)cores;
  }
  if (2 * c->event_bytes_max > c->load_bytes)
    return complain(r, NULL,
                    "load.bytes: a load of %llu KiB must hold the largest event (event_bytes_max, "
                    "%llu KiB) twice; lower that or raise load.bytes",
                    (unsigned long long)(c->load_bytes >> 10),
                    (unsigned long long)(c->event_bytes_max >> 10));
  uint64_t fixed = tg_budget_bytes(c, TG_BUDGET_BASE) + tg_budget_bytes(c, TG_BUDGET_LOADS) +
                   tg_budget_bytes(c, TG_BUDGET_SCRIPTS) / 4;
  uint64_t least = fixed + queue_bytes((uint64_t)c->lanes * QUEUE_KB_MIN);
  if (!c->memory_bytes) c->memory_bytes = fixed + queue_bytes(QUEUE_KB_MAX);
  if (c->memory_bytes < least)
    c->memory_bytes = c->memory_bytes < least && r->seen[find_property("memory")] ? 0 : least;
  if (!c->memory_bytes)
    return complain(r, NULL,
                    "memory: %u lanes of three loads of %llu MiB need at least %llu MiB; lower "
                    "load.bytes or lanes",
                    c->lanes, (unsigned long long)(c->load_bytes >> 20),
                    (unsigned long long)(least >> 20));
  uint64_t kb = (c->memory_bytes - fixed) / 1024 * 10 / TG_BUDGET_QUEUE_TENTHS / c->lanes;
  c->queue_kbytes = kb > QUEUE_KB_MAX ? QUEUE_KB_MAX : (uint32_t)kb;
}

static bool is_url(struct tg_text t)
{
  size_t scheme = tg_text_has_prefix(t, "http://") ? 7 : tg_text_has_prefix(t, "https://") ? 8 : 0;
  return scheme && t.len > scheme;
}

/* Every URL of a list; they are not shown, for they may hold passwords. */
static void check_urls(struct reader *r, const char *key, const char *list, uint32_t max)
{
  uint32_t count = 0;
  for (const char *at = list; at; count++) {
    size_t len = strcspn(at, ",");
    if (!is_url(tg_text_trim(tg_text_of(at, len))))
      return complain(r, NULL, "%s: URL %u does not begin with http:// or https://", key,
                      count + 1);
    at = at[len] ? at + len + 1 : NULL;
  }
  if (count > max) complain(r, NULL, "%s: %u URLs; at most %u", key, count, max);
}

static const char *folder_of(struct tg_arena *a, const char *path)
{
  const char *slash = path ? strrchr(path, '/') : NULL;
  return slash ? tg_arena_printf(a, "%.*s", (int)(slash - path), path) : "";
}

/* The bundled rules: beside the program (bin/../share/tidegate/rules), or of the source tree it
 * was built in. */
static const char *find_catalogue(struct tg_config *c)
{
  static const char *const places[] = {"/../share/tidegate/rules", "/rules", "/../../rules"};
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0) return NULL;
  self[n] = '\0';
  char *slash = strrchr(self, '/');
  if (slash) *slash = '\0';
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    char *path = tg_arena_printf(&c->arena, "%s%s", self, places[i]);
    if (path && access(path, R_OK) == 0) return path;
  }
  return NULL;
}

/* The connection string without the password, for people. */
static const char *redact(struct tg_arena *a, const char *dsn)
{
  char *shown = tg_arena_printf(a, "%s", dsn);
  char *at = shown ? strstr(shown, "password=") : NULL;
  if (at)
    return *(at + 9) ? tg_arena_printf(a, "%.*spassword=***%s", (int)(at - shown), shown,
                                       at + 9 + strcspn(at + 9, " &"))
                     : shown;
  char *scheme = shown ? strstr(shown, "://") : NULL, *host = scheme ? strchr(scheme, '@') : NULL;
  char *colon = host ? memchr(scheme + 3, ':', (size_t)(host - scheme - 3)) : NULL;
  return colon ? tg_arena_printf(a, "%.*s:***%s", (int)(colon - shown), shown, host) : shown;
}

/* Reads one more file: what it says goes before what was read so far. */
static void read_included(struct reader *r, const char *path)
{
  r->path = tg_arena_printf(&r->config->arena, "%s", path);
  r->folder = folder_of(&r->config->arena, path);
  r->properties_first = r->config->properties_count;
  memset(r->here, 0, sizeof r->here);
  read_file(r);
}

/* The files of `include`, in its order; those of a pattern by name. */
static void read_includes(struct reader *r)
{
  const char *path = r->path, *folder = r->folder;
  r->included = true;
  for (uint32_t i = 0; i < r->includes_count; i++) {
    const char *pattern = r->includes[i].pattern;
    glob_t found = {0};
    int rc = glob(pattern, 0, NULL, &found);
    if (rc != 0 && (rc != GLOB_NOMATCH || !strpbrk(pattern, "*?[")))
      complain(r, &r->includes[i].at, "include: %s cannot be read", pattern);
    for (size_t f = 0; rc == 0 && f < found.gl_pathc; f++) read_included(r, found.gl_pathv[f]);
    globfree(&found);
    r->path = path;
  }
  r->folder = folder;
}

enum tg_rc tg_config_load(struct tg_config *c, const char *path, tg_config_fault *fault, void *self)
{
  *c = (struct tg_config){.path = path};
  tg_arena_init(&c->arena, CHUNK, 0);
  struct reader r = {.config = c, .path = path, .fault = fault, .self = self};
  r.folder = folder_of(&c->arena, path);
  if (path) read_file(&r);
  if (path) read_includes(&r);
  take_defaults(&r);
  check_urls(&r, "alerts.alertmanager", c->alerts.alertmanager, TG_ALERT_RECEIVERS - 1);
  check_urls(&r, "alerts.webhook", c->alerts.webhook, 1);
  if (!r.faults) resolve(&r);
  if (!c->catalogue) c->catalogue = find_catalogue(c);
  c->dsn_shown = c->dsn ? redact(&c->arena, c->dsn) : "";
  return r.faults ? TG_CONFIG : TG_OK;
}

void tg_config_fini(struct tg_config *c)
{
  tg_arena_fini(&c->arena);
}
