/* Counts calls of malloc and its kin: LD_PRELOAD=liballoc_count.so and TG_ALLOC_FILE=FILE, which is
 * made here and may be read at any time:
 *
 *   uint64 calls from the program and its libraries    uint64 calls from librdkafka, which has an
 *                                                      object for every message whatever we do
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { EARLY_SIZE = 64 << 10 };

struct calls {
  atomic_uint_fast64_t ours, librdkafka;
};

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *p, size_t size);
void free(void *p);
void *aligned_alloc(size_t align, size_t size);
int posix_memalign(void **out, size_t align, size_t size);

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void (*next_free)(void *);
static void *(*next_aligned_alloc)(size_t, size_t);
static int (*next_posix_memalign)(void **, size_t, size_t);

static struct calls before_start, *calls = &before_start;
static uintptr_t kafka_from, kafka_to; /* where librdkafka's code is */

/* caller: an address in the function that asks for memory. */
static void count(const void *caller)
{
  uintptr_t at = (uintptr_t)caller;
  atomic_fetch_add_explicit(at >= kafka_from && at < kafka_to ? &calls->librdkafka : &calls->ours,
                            1, memory_order_relaxed);
}

static int find_kafka(struct dl_phdr_info *info, size_t size, void *self)
{
  (void)size, (void)self;
  if (!strstr(info->dlpi_name, "librdkafka")) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *h = &info->dlpi_phdr[i];
    if (h->p_type != PT_LOAD || !(h->p_flags & PF_X)) continue;
    kafka_from = info->dlpi_addr + h->p_vaddr;
    kafka_to = kafka_from + h->p_memsz;
  }
  return 1;
}

/* What dlsym() itself allocates while the real functions are looked up. */
static char early[EARLY_SIZE];
static size_t early_used;

static void *take_early(size_t size)
{
  size_t at = (early_used + 15) & ~(size_t)15;
  if (size > EARLY_SIZE - at) _exit(99);
  early_used = at + size;
  return early + at;
}

static int is_early(const void *p)
{
  return (uintptr_t)p - (uintptr_t)early < EARLY_SIZE;
}

static void find(void *out, const char *name)
{
  void *found = dlsym(RTLD_NEXT, name);
  memcpy(out, &found, sizeof found);
}

/* True when the real functions are known; others may allocate before the constructor runs, but
 * only one thread does. */
static int ready(void)
{
  static int looking;
  if (next_posix_memalign) return 1;
  if (looking) return 0;
  looking = 1;
  find(&next_malloc, "malloc");
  find(&next_calloc, "calloc");
  find(&next_realloc, "realloc");
  find(&next_free, "free");
  find(&next_aligned_alloc, "aligned_alloc");
  find(&next_posix_memalign, "posix_memalign");
  return next_posix_memalign != NULL;
}

__attribute__((constructor)) static void start(void)
{
  dl_iterate_phdr(find_kafka, NULL);
  const char *path = getenv("TG_ALLOC_FILE");
  int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
  if (fd < 0 || ftruncate(fd, (off_t)sizeof *calls)) return;
  void *map = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map != MAP_FAILED) calls = map;
}

void *malloc(size_t size)
{
  count(__builtin_return_address(0));
  return ready() ? next_malloc(size) : take_early(size);
}

void *calloc(size_t n, size_t size)
{
  count(__builtin_return_address(0));
  return ready() ? next_calloc(n, size) : take_early(n * size);
}

void *realloc(void *p, size_t size)
{
  count(__builtin_return_address(0));
  if (ready() && !is_early(p)) return next_realloc(p, size);
  void *fresh = malloc(size);
  size_t room = (size_t)(early + EARLY_SIZE - (char *)p);
  if (p && fresh) memcpy(fresh, p, size < room ? size : room);
  return fresh;
}

void free(void *p)
{
  if (!is_early(p) && ready()) next_free(p);
}

void *aligned_alloc(size_t align, size_t size)
{
  count(__builtin_return_address(0));
  return ready() ? next_aligned_alloc(align, size) : NULL;
}

int posix_memalign(void **out, size_t align, size_t size)
{
  count(__builtin_return_address(0));
  return ready() ? next_posix_memalign(out, align, size) : ENOMEM;
}
