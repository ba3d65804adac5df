/* Reading scripts and rules as one consistent set. */
#include "core/app/fileset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 4, READS_MAX = 5, FIRST_FILES = 64 };

struct walk {
  struct tg_arena *arena;
  struct tg_fileset *set;
  uint32_t size; /* room in set->files */
  tg_config_fault *fault;
  void *self;
  uint32_t faults;
};

__attribute__((format(printf, 3, 4))) static void complain(struct walk *w, const char *path,
                                                           const char *fmt, ...)
{
  struct tg_err err;
  va_list args;
  va_start(args, fmt);
  tg_err_vset(&err, TG_CONFIG, path, fmt, args);
  va_end(args);
  w->faults++;
  w->fault(w->self, &err);
}

/* As sshd does with its files: nobody else may be able to change what runs here. */
static bool trusted(struct walk *w, const char *path, const struct stat *st)
{
  bool ours = st->st_uid == geteuid() || st->st_uid == 0;
  bool open = (st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && st->st_gid != getegid());
  if (!ours)
    complain(w, path, "belongs to another user; chown it to the user tidegate runs as");
  else if (open)
    complain(w, path, "others may change it; chmod go-w");
  else if (st->st_size > TG_FILE_BYTES_MAX)
    complain(w, path, "is larger than %d KiB", TG_FILE_BYTES_MAX >> 10);
  return ours && !open && st->st_size <= TG_FILE_BYTES_MAX;
}

static bool grow(struct walk *w)
{
  if (w->set->count < w->size) return true;
  uint32_t size = w->size ? w->size * 2 : FIRST_FILES;
  struct tg_source_file *files = tg_arena_alloc(w->arena, size * sizeof *files);
  if (!files) return false;
  if (w->set->count) memcpy(files, w->set->files, w->set->count * sizeof *files);
  w->set->files = files;
  w->size = size;
  return true;
}

/* The bytes of an open file; NULL when it could not be read whole. */
static char *read_all(struct walk *w, int fd, size_t size)
{
  char *text = tg_arena_bytes(w->arena, size + 1);
  size_t got = 0;
  ssize_t n = 1;
  while (text && got < size && (n = read(fd, text + got, size - got)) > 0) got += (size_t)n;
  if (!text || got != size) return NULL;
  text[size] = '\0';
  return text;
}

static void take_file(struct walk *w, enum tg_file_kind kind, const char *path, const char *shown)
{
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat(fd, &st) != 0) {
    complain(w, shown, "cannot be read (errno %d)", errno);
  } else if (S_ISREG(st.st_mode) && (kind == TG_FILE_CATALOGUE || trusted(w, shown, &st))) {
    char *text = read_all(w, fd, (size_t)st.st_size);
    const char *name = tg_arena_printf(w->arena, "%s", shown);
    if (!text || !name || !grow(w) || w->set->count == TG_FILES_MAX)
      complain(w, shown, "cannot be taken in: changed while it was read, or more than %d files",
               TG_FILES_MAX);
    else
      w->set->files[w->set->count++] = (struct tg_source_file){
          .kind = kind, .path = name, .text = text, .size = (size_t)st.st_size};
  }
  if (fd >= 0) close(fd);
}

/* What lookups and tests are read from. */
static bool is_data(const char *name)
{
  static const char *const suffixes[] = {".csv", ".jsonl", ".ndjson", ".golden.json"};
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (tg_text_has_suffix(tg_text(name), suffixes[i])) return true;
  return false;
}

static bool is_folder(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

struct folder {
  const char *path, *shown; /* on disk, in messages */
  enum tg_file_kind kind;   /* of the files in it */
  enum tg_file_kind below;  /* of the files in folders below it */
  int depth;
};

static void take_folder(struct walk *w, const struct folder *f);

/* One name of a folder. Hidden ones (also a ConfigMap's ..data) are left out: its files are seen
 * through their links. */
static void take_entry(struct walk *w, const struct folder *f, const char *entry)
{
  char path[TG_FILE_PATH_BYTES], shown[TG_FILE_PATH_BYTES];
  if (entry[0] == '.') return;
  int a = snprintf(path, sizeof path, "%s/%s", f->path, entry);
  int b = snprintf(shown, sizeof shown, "%s/%s", f->shown, entry);
  struct folder inner = {path, shown, f->below, f->below, f->depth + 1};
  if (a >= TG_FILE_PATH_BYTES || b >= TG_FILE_PATH_BYTES)
    complain(w, f->shown, "a path is longer than %d", TG_FILE_PATH_BYTES);
  else if (is_folder(path) && f->depth < DEPTH_MAX)
    take_folder(w, &inner);
  else if (tg_text_has_suffix(tg_text(entry), ".lua"))
    take_file(w, f->kind, path, shown);
  else if (is_data(entry))
    take_file(w, TG_FILE_DATA, path, shown);
}

static void take_folder(struct walk *w, const struct folder *f)
{
  DIR *dir = opendir(f->path);
  if (!dir) {
    complain(w, f->shown, "the folder cannot be read (errno %d)", errno);
    return;
  }
  for (struct dirent *e; (e = readdir(dir));) take_entry(w, f, e->d_name);
  closedir(dir);
}

static int by_kind_and_path(const void *x, const void *y)
{
  const struct tg_source_file *a = x, *b = y;
  return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->path, b->path);
}

static void name_it(struct tg_fileset *set)
{
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned len = 0;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  if (ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)) {
    for (uint32_t i = 0; i < set->count; i++) {
      uint64_t sizes[2] = {strlen(set->files[i].path), set->files[i].size};
      EVP_DigestUpdate(ctx, sizes, sizeof sizes);
      EVP_DigestUpdate(ctx, set->files[i].path, sizes[0]);
      EVP_DigestUpdate(ctx, set->files[i].text, sizes[1]);
    }
    EVP_DigestFinal_ex(ctx, digest, &len);
  }
  EVP_MD_CTX_free(ctx);
  for (unsigned i = 0; i < len && i < 32; i++) snprintf(set->sha256 + 2 * i, 3, "%02x", digest[i]);
}

/* In the source tree `rules` is the catalogue itself. */
static bool same_folder(const char *a, const char *b)
{
  struct stat x, y;
  return b && stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void read_once(struct walk *w, const struct tg_config *c)
{
  *w->set = (struct tg_fileset){0};
  w->size = 0;
  struct folder bundled = {c->catalogue, "rules", TG_FILE_CATALOGUE, TG_FILE_CATALOGUE, 0};
  struct folder rules = {c->rules, "rules", TG_FILE_RULE, TG_FILE_RULE, 0};
  struct folder scripts = {c->scripts, "scripts", TG_FILE_SCRIPT, TG_FILE_MODULE, 0};
  if (c->catalogue) take_folder(w, &bundled);
  if (c->rules && is_folder(c->rules) && !same_folder(c->rules, c->catalogue))
    take_folder(w, &rules);
  if (c->scripts) take_folder(w, &scripts);
  if (w->set->count) qsort(w->set->files, w->set->count, sizeof *w->set->files, by_kind_and_path);
  name_it(w->set);
}

enum tg_rc tg_fileset_read(const struct tg_config *config, struct tg_arena *arena,
                           struct tg_fileset *out, tg_config_fault *fault, void *self)
{
  struct walk w = {.arena = arena, .set = out, .fault = fault, .self = self};
  char before[65];
  struct tg_arena_mark mark = tg_arena_mark(arena);
  for (int i = 0; i <= READS_MAX; i++) {
    snprintf(before, sizeof before, "%s", i ? out->sha256 : "");
    tg_arena_release(arena, mark);
    read_once(&w, config);
    if (w.faults) return TG_CONFIG;
    if (strcmp(before, out->sha256) == 0) return TG_OK;
  }
  complain(&w, config->scripts, "the files keep changing while they are read; try again");
  return TG_CONFIG;
}

bool tg_fileset_place(const struct tg_config *config, const char *path, bool catalogue, char *out)
{
  const char *slash = strchr(path, '/');
  bool rule = strncmp(path, "rules/", 6) == 0;
  const char *folder = !rule ? config->scripts : catalogue ? config->catalogue : config->rules;
  if (!slash || !folder) return false;
  return snprintf(out, TG_FILE_PATH_BYTES, "%s%s", folder, slash) < TG_FILE_PATH_BYTES;
}

void tg_fileset_json(const struct tg_fileset *set, struct tg_buf *out)
{
  tg_buf_char(out, '{');
  for (uint32_t i = 0; i < set->count; i++) {
    if (i) tg_buf_char(out, ',');
    tg_buf_json(out, tg_text(set->files[i].path));
    tg_buf_char(out, ':');
    tg_buf_json(out, tg_text_of(set->files[i].text, set->files[i].size));
  }
  tg_buf_char(out, '}');
}

/* --- from what was kept --- */

static bool is_bundled(const struct tg_fileset *set, const char *path)
{
  for (uint32_t i = 0; i < set->count; i++)
    if (set->files[i].kind == TG_FILE_CATALOGUE && strcmp(set->files[i].path, path) == 0)
      return true;
  return false;
}

/* What a file was, by where it stood. */
static enum tg_file_kind kind_of(const struct tg_fileset *now, const char *path)
{
  const char *slash = strchr(path, '/');
  if (!tg_text_has_suffix(tg_text(path), ".lua")) return TG_FILE_DATA;
  if (strncmp(path, "rules/", 6) == 0)
    return is_bundled(now, path) ? TG_FILE_CATALOGUE : TG_FILE_RULE;
  return slash && strchr(slash + 1, '/') ? TG_FILE_MODULE : TG_FILE_SCRIPT;
}

/* False without memory. */
static bool take_files(json_t *files, const struct tg_fileset *now, struct tg_arena *arena,
                       struct tg_fileset *out)
{
  const char *path;
  json_t *text;
  out->files = tg_arena_zalloc(arena, json_object_size(files) + 1, sizeof *out->files);
  if (!out->files) return false;
  json_object_foreach(files, path, text)
  {
    struct tg_source_file *f = &out->files[out->count++];
    f->kind = kind_of(now, path);
    f->path = tg_arena_printf(arena, "%s", path);
    f->size = json_string_length(text);
    const char *bytes = json_is_string(text) ? json_string_value(text) : "";
    f->text = tg_arena_copy(arena, tg_text_of(bytes, f->size)).ptr;
    if (!f->path || !f->text) return false;
  }
  return true;
}

enum tg_rc tg_fileset_of_json(struct tg_text json, const struct tg_fileset *now,
                              struct tg_arena *arena, struct tg_fileset *out)
{
  json_t *files = json_loadb(json.ptr ? json.ptr : "", json.len, 0, NULL);
  enum tg_rc rc = json_is_object(files) ? TG_OK : TG_DATA;
  *out = (struct tg_fileset){0};
  if (rc == TG_OK && !take_files(files, now, arena, out)) rc = TG_RETRY;
  json_decref(files);
  if (rc != TG_OK) return rc;
  qsort(out->files, out->count, sizeof *out->files, by_kind_and_path);
  name_it(out);
  return TG_OK;
}
