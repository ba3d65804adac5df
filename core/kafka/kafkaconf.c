/* Setting librdkafka properties: unknown names get a suggestion; the log is passed on. */
#include "core/kafka/kafkaconf.h"

#include "core/base/log.h"

#include <stdlib.h>

/* Properties without a default and second names are not in librdkafka's own list. */
static const char *const nameless[] = {"acks",
                                       "bootstrap.servers",
                                       "client.id",
                                       "client.rack",
                                       "compression.type",
                                       "debug",
                                       "group.id",
                                       "group.instance.id",
                                       "linger.ms",
                                       "max.partition.fetch.bytes",
                                       "retries",
                                       "sasl.kerberos.keytab",
                                       "sasl.mechanism",
                                       "sasl.oauthbearer.client.id",
                                       "sasl.oauthbearer.client.secret",
                                       "sasl.oauthbearer.config",
                                       "sasl.oauthbearer.scope",
                                       "sasl.oauthbearer.token.endpoint.url",
                                       "sasl.password",
                                       "sasl.username",
                                       "ssl.ca.location",
                                       "ssl.ca.pem",
                                       "ssl.certificate.location",
                                       "ssl.certificate.pem",
                                       "ssl.cipher.suites",
                                       "ssl.crl.location",
                                       "ssl.key.location",
                                       "ssl.key.password",
                                       "ssl.key.pem",
                                       "ssl.keystore.location",
                                       "ssl.keystore.password",
                                       NULL};

enum { NAMES_MAX = 512, NAME_BYTES = 64 };

struct names { /* a copy of librdkafka's own list, for tg_text_nearest() */
  const char *list[NAMES_MAX + 1];
  char bytes[NAMES_MAX][NAME_BYTES];
};

static void names_fill(struct names *names)
{
  size_t count = 0, used = 0;
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  const char **dump = conf ? rd_kafka_conf_dump(conf, &count) : NULL;
  for (size_t i = 0; i + 1 < count && used < NAMES_MAX; i += 2) {
    size_t len = strlen(dump[i]);
    if (len >= NAME_BYTES) continue;
    memcpy(names->bytes[used], dump[i], len + 1);
    names->list[used] = names->bytes[used];
    used++;
  }
  names->list[used] = NULL;
  if (dump) rd_kafka_conf_dump_free(dump, count);
  if (conf) rd_kafka_conf_destroy(conf);
}

static enum tg_rc unknown(const char *key, struct tg_err *err)
{
  char shown[96];
  const char *near = tg_text_nearest(tg_text(key), nameless);
  struct names *names = near ? NULL : malloc(sizeof *names);
  tg_text_shown(tg_text(key), shown, sizeof shown);
  if (names) names_fill(names), near = tg_text_nearest(tg_text(key), names->list);
  enum tg_rc rc =
      near ? tg_err_set(err, TG_CONFIG, "kafka.properties",
                        "'%s' is not a property of librdkafka %s; did you mean '%s'?", shown,
                        rd_kafka_version_str(), near)
           : tg_err_set(err, TG_CONFIG, "kafka.properties",
                        "'%s' is not a property of librdkafka %s", shown, rd_kafka_version_str());
  free(names);
  return rc;
}

enum tg_rc tg_kafkaconf_set(rd_kafka_conf_t *conf, const char *key, const char *value,
                            struct tg_err *err)
{
  char why[256] = "";
  switch (rd_kafka_conf_set(conf, key, value, why, sizeof why)) {
  case RD_KAFKA_CONF_OK: return TG_OK;
  case RD_KAFKA_CONF_UNKNOWN: return unknown(key, err);
  default:
    return tg_err_set(err, TG_CONFIG, "kafka.properties", "%s: librdkafka refuses the value: %s",
                      key, why);
  }
}

enum tg_rc tg_kafkaconf_all(rd_kafka_conf_t *conf, const struct tg_kafkapair *pairs,
                            struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (; pairs->key && rc == TG_OK; pairs++)
    rc = tg_kafkaconf_set(conf, pairs->key, pairs->value, err);
  return rc;
}

void tg_kafkaconf_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
  /* syslog's levels. What librdkafka calls an error is a lost connection it mends itself. */
  enum tg_level ours = level <= 2   ? TG_ERROR
                       : level <= 4 ? TG_WARN
                       : level <= 6 ? TG_INFO
                                    : TG_DEBUG;
  /* Said of every connection to a mock broker, true only of brokers before 0.11. */
  if (strcmp(fac, "AUTOCREATE") == 0) ours = TG_DEBUG;
  tg_log(ours, "kafka", "%s: %s: %s", rk ? rd_kafka_name(rk) : "librdkafka", fac, text);
}

int tg_kafkaconf_ms(int64_t us)
{
  if (us <= 0) return 0;
  int64_t ms = us / 1000 + (us % 1000 != 0);
  return ms > INT32_MAX ? INT32_MAX : (int)ms;
}
