/* What the events of a batch are made of, whatever the topic declares: the names of their top-level
 * fields and the kinds of JSON found under them.
 *
 *   {"id": 1, "note": null}   ->   id: integer, note: null
 *
 * An event that is no JSON object has no shape: every expectation fails for it. Of names that occur
 * twice in an event the last value counts. */
#ifndef TG_DATA_EVENTSHAPE_H
#define TG_DATA_EVENTSHAPE_H

#include "core/data/batch.h"
#include "core/data/op.h"

/* (bit, name); a number without fraction and exponent is an integer, and a number too. */
#define TG_SHAPE_LIST(X)                                                                           \
  X(TG_SHAPE_NULL, 1, "null")                                                                      \
  X(TG_SHAPE_BOOLEAN, 2, "boolean")                                                                \
  X(TG_SHAPE_INTEGER, 4, "integer")                                                                \
  X(TG_SHAPE_NUMBER, 8, "number")                                                                  \
  X(TG_SHAPE_STRING, 16, "string")                                                                 \
  X(TG_SHAPE_ARRAY, 32, "array")                                                                   \
  X(TG_SHAPE_OBJECT, 64, "object")
enum tg_shape {
#define X(code, bit, name) code = bit,
  TG_SHAPE_LIST(X)
#undef X
};
enum { TG_SHAPE_NAMES_MAX = 4096 };

/* One name that was met. */
struct tg_shape_name {
  struct tg_text name; /* as it reads */
  uint32_t rows;       /* events that have it */
  uint8_t kinds;       /* bits of enum tg_shape */
};

struct tg_shapes {
  struct tg_shape_name *names; /* in byte order */
  uint32_t count;
  uint32_t events;  /* that are JSON objects */
  uint32_t unnamed; /* fields left out: beyond TG_SHAPE_NAMES_MAX names */
};

/* Reads the shapes of all events of b into op's arena. False with op->err: full or late. */
bool tg_eventshape_read(struct tg_op *op, const struct tg_batch *b, struct tg_shapes *out);

/* What one field is expected to be. */
struct tg_shape_want {
  struct tg_text name;
  uint8_t kinds; /* allowed; TG_SHAPE_NUMBER takes integers too */
  bool may_be_absent;
};

/* What an event is expected to be: these fields (any order, at most TG_SHAPE_NAMES_MAX); others are
 * faults when closed. */
struct tg_shape_wants {
  struct tg_shape_want *fields;
  uint32_t count;
  bool closed;
};

struct tg_shape_match {
  struct tg_column *mask;    /* true where an event is as wanted */
  struct tg_column *reasons; /* text: the first fault of an event, else null */
  uint32_t missing, extra;   /* events with such a fault first */
};

/* Holds every event against what is wanted. False with op->err: full or late. */
bool tg_eventshape_match(struct tg_op *op, const struct tg_batch *b,
                         const struct tg_shape_wants *wants, struct tg_shape_match *out);

const char *tg_shape_text(uint8_t bit);

#endif
