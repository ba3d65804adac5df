/* Check digits. Texts hold digits and upper-case letters, the check character last unless said
 * otherwise; a text of other bytes fails. */
#ifndef TG_DATA_CHECKDIGIT_H
#define TG_DATA_CHECKDIGIT_H

#include "core/base/text.h"

/* ISO/IEC 7812-1, annex B (Luhn): from the right every second digit doubled. Letters count as the
 * two digits of their number, A = 10 (ISO 6166). */
bool tg_checkdigit_luhn(struct tg_text t);

/* ISO 7064 mod 97-10: the number of all characters, A = 10, is 1 modulo 97. */
bool tg_checkdigit_97(struct tg_text t);

/* ISO 7064 mod 11-2: digits, then a digit or X. */
bool tg_checkdigit_11_2(struct tg_text t);

/* Weights n, n-1 .. 1 over n digits, the last one a digit or X = 10: 0 modulo 11 (ISO 2108:1992,
 * ISO 3297). */
bool tg_checkdigit_11(struct tg_text t);

/* GS1 General Specifications, 7.9: weights 1, 3, 1, 3 .. from the right: 0 modulo 10. */
bool tg_checkdigit_gs1(struct tg_text t);

/* 49 CFR 565.15: the weighted sum of 17 characters modulo 11 is the character at position 9. */
bool tg_checkdigit_vin(struct tg_text t);

#endif
