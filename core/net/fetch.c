/* One HTTP request on libcurl. */
#include "core/net/fetch.h"

#include <curl/curl.h>
#include <stdio.h>

static size_t take(char *data, size_t one, size_t count, void *self)
{
  struct tg_buf *body = self;
  tg_buf_add(body, data, one * count);
  return body->failed ? 0 : one * count;
}

static int given_up(void *stop, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
  (void)a, (void)b, (void)c, (void)d;
  return atomic_load((const atomic_bool *)stop);
}

static void watch(CURL *c, const atomic_bool *stop)
{
  if (!stop) return;
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, given_up);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, stop);
}

enum tg_rc tg_fetch(const struct tg_fetch *f, long *status, struct tg_buf *body, struct tg_err *err)
{
  CURL *c = curl_easy_init();
  if (!c) return tg_err_set(err, TG_FATAL, f->url, "out of memory");
  char authorization[512], why[CURL_ERROR_SIZE] = "";
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  snprintf(authorization, sizeof authorization, "Authorization: Bearer %s",
           f->token ? f->token : "");
  if (f->token) headers = curl_slist_append(headers, authorization);
  tg_buf_init(body, 16 << 20);
  curl_easy_setopt(c, CURLOPT_URL, f->url);
  curl_easy_setopt(c, CURLOPT_PROXY, "");
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(c, CURLOPT_TIMEOUT, f->timeout_s);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
  watch(c, f->stop);
  if (strcmp(f->method, "POST") == 0)
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, f->body ? f->body : "{}");
  CURLcode code = curl_easy_perform(c);
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(c);
  if (code == CURLE_OK) return TG_OK;
  return tg_err_set(err, TG_RETRY, f->url, "%s", *why ? why : curl_easy_strerror(code));
}
