/* JSON, GeoJSON (RFC 7946) and JSON Web Tokens (RFC 7519). Members are read in one pass; of two of
 * one name the last one counts. */
#include "core/data/format_own.h"
#include "core/data/jsonwalk.h"

enum { RING_MIN = 4, LINE_MIN = 2, POSITION_MIN = 2, JWT_BYTES_MAX = 64 * 1024 };

int tg_format_json(const struct tg_formatting *how, struct tg_text t)
{
  struct tg_jsonread j;
  struct tg_json_value v;
  return tg_jsonwalk_open(how->index, t, &j, &v);
}

/* --- GeoJSON --- */

static bool is_string(const struct tg_json_value *v, const char *text)
{
  return v->kind == TG_JSON_STRING && tg_text_is(v->raw, text);
}

static bool is_position(const struct tg_jsonread *j, const struct tg_json_value *v)
{
  struct tg_json_value number;
  uint32_t n = 0;
  if (v->kind != TG_JSON_ARRAY) return false;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(j, v); tg_jsonwalk_next(&w, &number); n++)
    if (number.kind != TG_JSON_NUMBER) return false;
  return n >= POSITION_MIN;
}

/* A list of positions; a ring is closed. */
static bool is_line(const struct tg_jsonread *j, const struct tg_json_value *v, uint32_t least)
{
  struct tg_json_value position;
  struct tg_text first = {NULL, 0}, last = {NULL, 0};
  uint32_t n = 0;
  if (v->kind != TG_JSON_ARRAY) return false;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(j, v); tg_jsonwalk_next(&w, &position); n++) {
    if (!is_position(j, &position)) return false;
    if (!n) first = position.raw;
    last = position.raw;
  }
  return n >= least && (least < RING_MIN || tg_text_eq(first, last));
}

struct shape { /* of a geometry's coordinates */
  const char *type;
  uint8_t lists; /* arrays around the lines, or around the positions when line_min is 0 */
  uint8_t line_min;
};

static const struct shape shapes[] = {
    {"Point", 0, 0},
    {"MultiPoint", 1, 0},
    {"LineString", 0, LINE_MIN},
    {"Polygon", 1, RING_MIN},
    {"MultiLineString", 1, LINE_MIN},
    {"MultiPolygon", 2, RING_MIN},
};

static bool has_shape(const struct tg_jsonread *j, const struct tg_json_value *v,
                      const struct shape *s, uint32_t lists)
{
  struct tg_json_value part;
  if (lists == 0) return s->line_min ? is_line(j, v, s->line_min) : is_position(j, v);
  if (v->kind != TG_JSON_ARRAY) return false;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(j, v); tg_jsonwalk_next(&w, &part);)
    if (!has_shape(j, &part, s, lists - 1)) return false;
  return true;
}

enum {
  GEO_TYPE,
  GEO_COORDINATES,
  GEO_GEOMETRIES,
  GEO_GEOMETRY,
  GEO_PROPERTIES,
  GEO_FEATURES,
  GEO_BBOX,
  GEO_MEMBERS
};

struct members {
  struct tg_json_value at[GEO_MEMBERS]; /* kind NONE: absent */
};

static bool read_members(const struct tg_jsonread *j, const struct tg_json_value *object,
                         struct members *out)
{
  static const char *const names[] = {"type",       "coordinates", "geometries", "geometry",
                                      "properties", "features",    "bbox"};
  struct tg_json_value v;
  *out = (struct members){0};
  if (object->kind != TG_JSON_OBJECT) return false;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(j, object); tg_jsonwalk_next(&w, &v);)
    for (uint32_t i = 0; i < GEO_MEMBERS; i++)
      if (tg_text_is(w.key, names[i])) out->at[i] = v;
  return true;
}

static bool is_bbox(const struct tg_jsonread *j, const struct tg_json_value *v)
{
  struct tg_json_value number;
  uint32_t n = 0;
  if (v->kind == TG_JSON_NONE) return true;
  if (v->kind != TG_JSON_ARRAY) return false;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(j, v); tg_jsonwalk_next(&w, &number); n++)
    if (number.kind != TG_JSON_NUMBER) return false;
  return n >= 2 * POSITION_MIN && n % 2 == 0;
}

static bool is_geometry(const struct tg_jsonread *j, const struct tg_json_value *v);

/* Every element is a geometry; nesting is bounded by the depth that JSON may have. */
static bool are_geometries(const struct tg_jsonread *j, const struct tg_json_value *v)
{
  struct tg_json_value part;
  if (v->kind != TG_JSON_ARRAY) return false;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(j, v); tg_jsonwalk_next(&w, &part);)
    if (!is_geometry(j, &part)) return false;
  return true;
}

static bool is_geometry(const struct tg_jsonread *j, const struct tg_json_value *v)
{
  struct members m;
  if (!read_members(j, v, &m) || !is_bbox(j, &m.at[GEO_BBOX])) return false;
  if (is_string(&m.at[GEO_TYPE], "GeometryCollection"))
    return are_geometries(j, &m.at[GEO_GEOMETRIES]);
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    if (is_string(&m.at[GEO_TYPE], shapes[i].type))
      return has_shape(j, &m.at[GEO_COORDINATES], &shapes[i], shapes[i].lists);
  return false;
}

static bool is_feature(const struct tg_jsonread *j, const struct tg_json_value *v)
{
  struct members m;
  if (!read_members(j, v, &m) || !is_bbox(j, &m.at[GEO_BBOX])) return false;
  uint8_t properties = m.at[GEO_PROPERTIES].kind;
  if (!is_string(&m.at[GEO_TYPE], "Feature")) return false;
  if (properties != TG_JSON_OBJECT && properties != TG_JSON_NULL) return false;
  return m.at[GEO_GEOMETRY].kind == TG_JSON_NULL || is_geometry(j, &m.at[GEO_GEOMETRY]);
}

int tg_format_geojson(const struct tg_formatting *how, struct tg_text t)
{
  struct tg_jsonread j;
  struct tg_json_value v, part;
  struct members m;
  if (!tg_jsonwalk_open(how->index, t, &j, &v) || !read_members(&j, &v, &m)) return 0;
  if (!is_string(&m.at[GEO_TYPE], "FeatureCollection"))
    return is_feature(&j, &v) || is_geometry(&j, &v);
  if (m.at[GEO_FEATURES].kind != TG_JSON_ARRAY || !is_bbox(&j, &m.at[GEO_BBOX])) return 0;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(&j, &m.at[GEO_FEATURES]);
       tg_jsonwalk_next(&w, &part);)
    if (!is_feature(&j, &part)) return 0;
  return 1;
}

/* --- JSON Web Tokens --- */

/* The six bits of a base64url letter (RFC 4648, section 5), or -1. */
static int base64url_bits(char c)
{
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (tg_is_digit(c)) return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static bool is_base64url(char c)
{
  return base64url_bits(c) >= 0;
}

/* Decodes into out (three quarters of the text's length); returns the length. */
static uint32_t base64url_decode(struct tg_text t, char *out)
{
  uint32_t bits = 0, have = 0, n = 0;
  for (uint32_t i = 0; i < t.len; i++) {
    bits = bits << 6 | (uint32_t)base64url_bits(t.ptr[i]);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out[n++] = (char)(bits >> have);
  }
  return n;
}

static bool is_jwt_object(const struct tg_formatting *how, struct tg_text part)
{
  char json[JWT_BYTES_MAX];
  struct tg_jsonread j;
  struct tg_json_value v;
  if (part.len % 4 == 1 || !tg_all(part, is_base64url)) return false;
  uint32_t len = base64url_decode(part, json);
  return tg_jsonwalk_open(how->index, tg_text_of(json, len), &j, &v) && v.kind == TG_JSON_OBJECT;
}

int tg_format_jwt(const struct tg_formatting *how, struct tg_text t)
{
  const char *first = memchr(t.ptr, '.', t.len);
  if (t.len > JWT_BYTES_MAX) return -TG_LIMIT;
  if (!first) return 0;
  struct tg_text header = tg_first(t, (uint32_t)(first - t.ptr)), rest = tg_rest(t, header.len + 1);
  const char *second = rest.len ? memchr(rest.ptr, '.', rest.len) : NULL;
  if (!second) return 0;
  struct tg_text claims = tg_first(rest, (uint32_t)(second - rest.ptr));
  struct tg_text signature = tg_rest(rest, claims.len + 1);
  if (!signature.len || signature.len % 4 == 1 || !tg_all(signature, is_base64url)) return 0;
  return is_jwt_object(how, header) && is_jwt_object(how, claims);
}
