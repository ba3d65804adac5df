// The only C++: simdjson's first stage and exact floating point parsing, behind a C interface.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // tg_text() beside struct tg_text is C's way
#include "core/data/jsonindex.h"
#pragma GCC diagnostic pop

#include <charconv>
#include <new>
#include <simdjson.h>

namespace {
constexpr size_t kSizeFirst = 4096;
constexpr size_t kDepth = 1; // of simdjson's own second stage, which is not used
} // namespace

struct tg_jsonindex {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

// Room for texts of `size` bytes.
static bool grow(struct tg_jsonindex *x, size_t size)
{
  size_t room = x->parser ? x->parser->capacity() : kSizeFirst;
  while (room < size) room *= 2;
  if (x->parser) return x->parser->allocate(room, kDepth) == simdjson::SUCCESS;
  const simdjson::implementation *best = simdjson::get_active_implementation();
  return best->create_dom_parser_implementation(room, kDepth, x->parser) == simdjson::SUCCESS;
}

struct tg_jsonindex *tg_jsonindex_new(void)
{
  struct tg_jsonindex *x = new (std::nothrow) tg_jsonindex;
  if (x && grow(x, kSizeFirst)) return x;
  delete x;
  return nullptr;
}

void tg_jsonindex_free(struct tg_jsonindex *x)
{
  delete x;
}

static const char *reason_of(simdjson::error_code code)
{
  switch (code) {
  case simdjson::UTF8_ERROR: return "invalid UTF-8";
  case simdjson::UNCLOSED_STRING: return "a string is not closed";
  case simdjson::UNESCAPED_CHARS: return "a control character in a string";
  case simdjson::EMPTY: return "nothing but white space";
  default: return "no JSON text";
  }
}

enum tg_rc tg_jsonindex_run(struct tg_jsonindex *x, struct tg_text json, struct tg_jsonspots *out,
                            const char **reason)
{
  if (json.len > x->parser->capacity() && !grow(x, json.len)) return TG_FULL;
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(json.ptr);
  simdjson::error_code code = x->parser->stage1(bytes, json.len, simdjson::stage1_mode::regular);
  if (code == simdjson::SUCCESS) {
    out->at = x->parser->structural_indexes.get();
    out->count = x->parser->n_structural_indexes;
    return TG_OK;
  }
  if (code == simdjson::MEMALLOC || code == simdjson::CAPACITY) return TG_FULL;
  *reason = reason_of(code);
  return TG_DATA;
}

template <typename T> static bool parse(struct tg_text t, double *out)
{
  T v{};
  std::from_chars_result r = std::from_chars(t.ptr, t.ptr + t.len, v);
  if (r.ec != std::errc()) return false;
  *out = static_cast<double>(v);
  return true;
}

bool tg_jsonindex_double(struct tg_text number, bool single, double *out)
{
  if (number.len && *number.ptr == '+') number = tg_text_of(number.ptr + 1, number.len - 1);
  return single ? parse<float>(number, out) : parse<double>(number, out);
}
