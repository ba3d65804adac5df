/* A cell is the state of one rule without a key: one value, which only the bindings can read, and
 * models by name. It is at most 64 KiB of bytes:
 *
 *   version | value: bytes | count of models | name: bytes, model: bytes (tg_model_save) | ..
 *
 * Judging works on an overlay, and the caller says what becomes of it:
 *
 *   begin -> value, set, model .. -> commit: the overlay's bytes become the cell's
 *                                 -> drop:   nothing has happened
 *
 * so that a batch that is judged twice changes the cell once. What was committed is bytes already:
 * saving a cell is copying them. Memory: owned by the cell. Thread: one at a time. */
#ifndef TG_STATE_CELL_H
#define TG_STATE_CELL_H

#include "core/state/model.h"

enum { TG_CELL_BYTES_MAX = 64 << 10, TG_CELL_MODELS_MAX = 32, TG_CELL_NAME_MAX = 63 };

struct tg_cell;

/* An empty cell, or NULL without memory. */
struct tg_cell *tg_cell_new(void);
void tg_cell_free(struct tg_cell *cell);

/* Opens an overlay of what is committed; one that was open is dropped. */
void tg_cell_begin(struct tg_cell *cell);
/* TG_FULL: it is larger than a cell may be, or there is no memory; then the cell is as it was and
 * the overlay is dropped. */
enum tg_rc tg_cell_commit(struct tg_cell *cell, struct tg_err *err);
void tg_cell_drop(struct tg_cell *cell);

/* The value in the open overlay: null text when none was ever set. Borrowed until the next call. */
struct tg_text tg_cell_value(const struct tg_cell *cell);
/* Copies bytes (null text: no value). TG_FULL: more than a cell may hold, or no memory. */
enum tg_rc tg_cell_set(struct tg_cell *cell, struct tg_text bytes, struct tg_err *err);

/* The model of that name in the open overlay, for as long as it is open; a new one when there is
 * none, or one with other settings. TG_CONFIG: impossible settings or name, or the name was given
 * out with other settings in this overlay; TG_FULL: too many models, or no memory; TG_DATA: its
 * bytes are damaged. */
enum tg_rc tg_cell_model(struct tg_cell *cell, struct tg_text name,
                         const struct tg_model_conf *conf, struct tg_model **out,
                         struct tg_err *err);

/* What is committed, borrowed until the next commit or restore; empty for a new cell. */
struct tg_text tg_cell_bytes(const struct tg_cell *cell);
/* Makes these bytes the cell's, an open overlay is dropped. TG_DATA: they are no cell's;
 * TG_FULL: too many, or no memory. The cell is as it was then. */
enum tg_rc tg_cell_restore(struct tg_cell *cell, struct tg_text bytes, struct tg_err *err);

#endif
