/* Known faults of librdkafka that matter to a consumer like ours: which versions have them and
 * which fixed them (its CHANGELOG, and what docs/KAFKA.md measured). Only those of the linked
 * version are told. */
#include "core/kafka/consumer.h"

#include <librdkafka/rdkafka.h>
#include <limits.h>

/* A release as rd_kafka_version() numbers it. */
#define V(major, minor, patch) ((major) << 24 | (minor) << 16 | (patch) << 8 | 0xff)

static const struct risk {
  int since, fixed; /* since <= version < fixed */
  const char *text;
} risks[] = {
    /* newest fix first */
    {0, INT_MAX,
     "a topic deleted and re-created that refills past the old offset quickly goes on there: its "
     "first records are lost, silently (no version notices; do not re-create topics under a "
     "running pipeline)"},
    {0, V(2, 14, 2), "closing while the group's coordinator is away may crash (fixed in 2.14.2)"},
    {V(2, 2, 0), V(2, 13, 2),
     "the library's own position may run ahead at an end of partition; tidegate reads only by its "
     "own offsets (fixed in 2.13.2)"},
    {V(2, 10, 0), V(2, 10, 1),
     "memory corruption when group metadata changes while no broker is connected: do not use this "
     "version (fixed in 2.10.1)"},
    {V(2, 4, 0), V(2, 10, 0),
     "use after free in the metadata cache when a topic is re-created (fixed in 2.10.0)"},
    {0, V(2, 10, 0),
     "while one broker is unreachable a moved coordinator is found late (fixed in 2.10.0)"},
    {V(2, 1, 0), V(2, 8, 0),
     "fetching may stop for good after a leader moved without a new epoch (fixed in 2.8.0)"},
    {V(2, 6, 0), V(2, 6, 1), "fetching fails with brokers before Kafka 2.7 (fixed in 2.6.1)"},
    {V(2, 5, 0), V(2, 6, 0),
     "fetching fails with a cluster whose inter.broker.protocol.version is below 2.8 (fixed in "
     "2.6.0)"},
    {0, V(2, 4, 0),
     "resuming a partition that is not paused repeats records; tidegate never resumes (fixed in "
     "2.4.0)"},
    {0, V(2, 3, 0),
     "a watermark query may outlast its timeout after a leader moved (fixed in 2.3.0)"},
    {0, V(2, 3, 0),
     "an idempotent producer may fail for good after a lost acknowledgement (fixed in 2.3.0)"},
    {0, V(2, 2, 0),
     "fetching stalls up to 1 s when the prefetch queue is full: it needs 64 MiB, and about 2.3 "
     "times that in memory (fixed in 2.2.0)"},
    {V(2, 1, 0), V(2, 1, 1),
     "records may be repeated around an offset validation; tidegate drops repeats (fixed in "
     "2.1.1)"},
    {0, V(2, 1, 0),
     "a log truncated by an unclean leader election is not noticed by its epoch, only by the seam "
     "check when a partition is claimed (fixed in 2.1.0)"},
    {0, V(2, 1, 0),
     "batch reads may skip records around pause and seek; tidegate uses neither (fixed in 2.1.0)"},
    {0, V(2, 1, 0),
     "closing may hang after a topic was deleted; tidegate waits 3 s, then gives the client up "
     "(fixed in 2.1.0)"},
};

enum { RISKS = sizeof risks / sizeof *risks };

const char *const *tg_consumer_risks(void)
{
  static const char *list[RISKS + 1];
  int linked = rd_kafka_version();
  size_t count = 0;
  for (size_t i = 0; i < RISKS; i++)
    if (risks[i].since <= linked && linked < risks[i].fixed) list[count++] = risks[i].text;
  list[count] = NULL;
  return list;
}

const char *tg_consumer_version(void)
{
  return rd_kafka_version_str();
}
