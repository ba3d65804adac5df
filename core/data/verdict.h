/* What a rule said about a batch or a window, on its way to a row of tidegate.verdict. Of a batch
 * only what is worth a row is noted: anything but pass, and a change of the level, back to pass
 * too. */
#ifndef TG_DATA_VERDICT_H
#define TG_DATA_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* Texts live in the program or in the batch's arena; NULL where there is none. */
struct tg_verdict_note {
  const char *rule, *version;
  const char *verdict; /* pass fail error skip */
  const char *level;   /* none warn critical */
  bool shadow;
  uint64_t evaluated, skipped, failed;
  const char *seen;          /* a JSON object */
  const char *error;         /* file:line and text */
  int64_t start_us, stop_us; /* the window; stop_us 0: there is none */
};

#endif
