/* tidegate generate: the deterministic events, to stdout or into Kafka. */
#include "core/app/cli.h"
#include "core/app/generator.h"
#include "core/base/clock.h"
#include "core/kafka/producer.h"

#include <inttypes.h>
#include <time.h>

struct options {
  const char *brokers, *topic;
  int64_t count, first, seed, partitions, start_s, step_us, rate;
  bool bad, clean;
};

static int to_stdout(const struct options *o, const struct tg_generator *g)
{
  struct tg_buf b;
  tg_buf_init(&b, 0);
  for (int64_t i = 0; i < o->count; i++) {
    tg_generate(g, (uint64_t)(o->first + i), &b);
    fwrite(b.ptr, 1, b.len, stdout);
    putchar('\n');
  }
  tg_buf_fini(&b);
  return ferror(stdout) ? TG_EXIT_FAILURE : TG_EXIT_OK;
}

/* Keeps to o->rate events a second; 0 = as fast as it goes. */
static void pace(const struct options *o, int64_t sent, int64_t start_us)
{
  if (!o->rate) return;
  int64_t due = start_us + sent * TG_SEC / o->rate, now = tg_clock_mono_us();
  struct timespec wait = tg_clock_timespec(due - now);
  if (due > now) nanosleep(&wait, NULL);
}

static enum tg_rc send_all(const struct options *o, const struct tg_generator *g,
                           struct tg_producer *p, struct tg_err *err)
{
  struct tg_buf b;
  tg_buf_init(&b, 0);
  enum tg_rc rc = TG_OK;
  int64_t start = tg_clock_mono_us();
  for (int64_t i = 0; i < o->count && rc == TG_OK; i++) {
    char key[24];
    uint64_t k = tg_generate(g, (uint64_t)(o->first + i), &b);
    int len = snprintf(key, sizeof key, "%" PRIu64, k);
    int32_t partition = (int32_t)(k % (uint64_t)o->partitions);
    rc = tg_producer_send(p,
                          &(struct tg_record){.topic = o->topic,
                                              .partition = partition,
                                              .key = tg_text_of(key, (size_t)len),
                                              .value = tg_buf_view(&b)},
                          tg_clock_mono_us() + 60 * TG_SEC, err);
    pace(o, i + 1, start);
  }
  tg_buf_fini(&b);
  return rc == TG_OK ? tg_producer_flush(p, tg_clock_mono_us() + 60 * TG_SEC, err) : rc;
}

static int to_kafka(const struct options *o, const struct tg_generator *g)
{
  struct tg_err err;
  struct tg_producer *p;
  enum tg_rc rc = tg_producer_new(o->brokers, NULL, 0, &p, &err);
  if (rc != TG_OK) return tg_cli_fail(&err);
  rc = tg_producer_topic(p, o->topic, (int32_t)o->partitions, 30 * TG_SEC, &err);
  if (rc == TG_OK) rc = send_all(o, g, p, &err);
  tg_producer_free(p);
  if (rc != TG_OK) return tg_cli_fail(&err);
  printf("{\"topic\":\"%s\",\"sent\":%" PRId64 "}\n", o->topic, o->count);
  return TG_EXIT_OK;
}

int tg_command_generate(int argc, char **argv)
{
  struct options o = {
      .count = 10, .seed = 1, .partitions = 8, .start_s = 1767225600, .step_us = 3000};
  const struct tg_option options[] = {
      TG_OPT_NUMBER("count", "N", "how many events (default 10)", o.count),
      TG_OPT_NUMBER("first", "N", "number of the first one (default 0)", o.first),
      TG_OPT_NUMBER("seed", "N", "another stream of the same kind (default 1)", o.seed),
      TG_OPT_NUMBER("start", "SECONDS", "event time of number 0 (default 2026-01-01)", o.start_s),
      TG_OPT_NUMBER("step", "US", "event time between two events (default 3000)", o.step_us),
      TG_OPT_FLAG("bad", "payments: bad enough to open the breaker", o.bad),
      TG_OPT_FLAG("clean", "orders: no faults", o.clean),
      TG_OPT_TEXT("brokers", "HOST:PORT", "send to Kafka instead of stdout", o.brokers),
      TG_OPT_TEXT("topic", "NAME", "the Kafka topic (default: the stream's name)", o.topic),
      TG_OPT_NUMBER("partitions", "N", "of the topic; an event's key chooses (default 8)",
                    o.partitions),
      TG_OPT_NUMBER("rate", "N", "events a second (default: as fast as it goes)", o.rate),
      {0}};
  struct tg_args args;
  struct tg_generator g = {0};
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  if (args.words_count != 1 || !tg_stream_parse(args.words[0], &g.stream) || !o.partitions) {
    fprintf(stderr, "tidegate generate: which stream? orders, payments or reference\n");
    return TG_EXIT_USAGE;
  }
  g.seed = (uint64_t)o.seed, g.start_us = o.start_s * TG_SEC, g.step_us = o.step_us, g.bad = o.bad,
  g.clean = o.clean;
  if (!o.topic) o.topic = args.words[0];
  return o.brokers ? to_kafka(&o, &g) : to_stdout(&o, &g);
}
