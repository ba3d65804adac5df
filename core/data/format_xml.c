/* XML documents: well formed, as expat reads them. Nothing outside the text is ever fetched. A
 * document with more declared entities than a few is not judged: chains of them cost memory. */
#include "core/data/format_own.h"

#include <expat.h>

enum { ENTITIES_MAX = 100, DEPTH_MAX = 1000 };

struct reading {
  XML_Parser parser;
  uint32_t entities, depth;
  bool limit;
};

static void stop(struct reading *r)
{
  r->limit = true;
  XML_StopParser(r->parser, XML_FALSE);
}

static void on_entity(void *self, const XML_Char *name, int parameter, const XML_Char *value,
                      int value_len, const XML_Char *base, const XML_Char *system,
                      const XML_Char *public, const XML_Char *notation)
{
  struct reading *r = self;
  (void)name, (void)parameter, (void)value, (void)value_len, (void)base, (void)system;
  (void)public, (void)notation;
  if (++r->entities > ENTITIES_MAX) stop(r);
}

static void on_start(void *self, const XML_Char *name, const XML_Char **attributes)
{
  struct reading *r = self;
  (void)name, (void)attributes;
  if (++r->depth > DEPTH_MAX) stop(r);
}

static void on_end(void *self, const XML_Char *name)
{
  struct reading *r = self;
  (void)name;
  r->depth--;
}

int tg_format_xml(const struct tg_formatting *how, struct tg_text t)
{
  struct reading r = {.parser = XML_ParserCreate("UTF-8")};
  (void)how;
  if (!r.parser) return -TG_LIMIT;
  XML_SetUserData(r.parser, &r);
  XML_SetEntityDeclHandler(r.parser, on_entity);
  XML_SetElementHandler(r.parser, on_start, on_end);
  enum XML_Status status = XML_Parse(r.parser, t.ptr, (int)t.len, XML_TRUE);
  enum XML_Error why = XML_GetErrorCode(r.parser);
  XML_ParserFree(r.parser);
  if (why == XML_ERROR_NO_MEMORY || why == XML_ERROR_AMPLIFICATION_LIMIT_BREACH) r.limit = true;
  if (r.limit) return -TG_LIMIT;
  return status == XML_STATUS_OK;
}
