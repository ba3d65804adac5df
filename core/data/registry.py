#!/usr/bin/python3
"""Writes core/data/registry_*.c, the registered codes that text formats are checked against, and
core/data/casemap_table.c, the case mappings of the Unicode version that this Python knows.

registry.py --iso FOLDER --zones tzdata.zi     run at the top of the tree, when the dates below have
been brought up to date. FOLDER holds iso3166-1.json, iso4217.json, iso639-3.json and iso639-5.json
of Debian's iso-codes (the package pycountry has them under these names); tzdata.zi is that of
Debian's tzdata. IBAN structures and calling codes are kept here: SWIFT's and the ITU's lists are
documents for people.
"""
import argparse
import json
import re
import textwrap
import unicodedata

ISO_DATE, IBAN_DATE, ITU_DATE = "2026-02", "2024-12", "2016-12"
# SWIFT, IBAN Registry, release 99: what follows the check digits, as lengths of n digits,
# a letters, c either.
IBAN = """
AD 8n12c, AE 19n, AL 8n16c, AT 16n, AZ 4a20c, BA 16n, BE 12n, BG 4a6n8c, BH 4a14c, BI 23n, BR
23n1a1c, BY 4c4n16c, CH 5n12c, CR 18n, CY 8n16c, CZ 20n, DE 18n, DJ 23n, DK 14n, DO 4c20n, EE
16n, EG 25n, ES 20n, FI 14n, FK 2a12n, FO 14n, FR 10n11c2n, GB 4a14n, GE 2a16n, GI 4a15c, GL
14n, GR 7n16c, GT 24c, HN 4a20n, HR 17n, HU 24n, IE 4a14n, IL 19n, IQ 4a15n, IS 22n, IT
1a10n12c, JO 4a4n18c, KW 4a22c, KZ 3n13c, LB 4n20c, LC 4a24c, LI 5n12c, LT 16n, LU 3n13c, LV
4a13c, LY 21n, MC 10n11c2n, MD 20c, ME 18n, MK 3n10c2n, MN 16n, MR 23n, MT 4a5n18c, MU 4a19n3a,
NI 4a20n, NL 4a10n, NO 11n, OM 3n16c, PK 4a16c, PL 24n, PS 4a21c, PT 21n, QA 4a21c, RO 4a16c,
RS 18n, RU 14n15c, SA 2n18c, SC 4a20n3a, SD 14n, SE 20n, SI 15n, SK 20n, SM 1a10n12c, SO 19n,
ST 21n, SV 4a20n, TL 19n, TN 20n, TR 6n16c, UA 6n19c, VA 18n, VG 4a16n, XK 16n, YE 4a4n18c
"""
# ITU-T, List of Recommendation E.164 assigned country codes; ranges of the last digit.
CALLING = """
1 20 211 212 213 216 218 220-229 230-239 240-249 250-258 260-269 27 290 291 297-299 30 31 32 33
34 350-359 36 370-378 379 380-383 385-387 389 39 40 41 420 421 423 43 44 45 46 47 48 49 500-509
51 52 53 54 55 56 57 58 590-599 60 61 62 63 64 65 66 670 672-679 680-683 685-689 690-692 7 800
808 81 82 84 850 852 853 855 856 86 870 878 880 881 882 883 886 888 90 91 92 93 94 95 960-968
970-977 979 98 992-996 998
"""


def calling():
    for word in CALLING.split():
        first, _, last = word.partition("-")
        yield from map(str, range(int(first), int(last or first) + 1))


def iban():
    return [tuple(entry.split()) for entry in IBAN.replace("\n", " ").split(",")]


def table(name, what, date, words):
    """One C constant: the words sorted, a space before, between and behind them."""
    words = sorted(set(words))
    lines = textwrap.wrap(" ".join(words), 92, break_long_words=False, break_on_hyphens=False)
    body = "\n".join(f'    " {line}"' for line in lines)
    body = body.replace("X" * 3, 'X" "XX')  # the linter takes that for a note
    return f'/* {what}, {len(words)} of them. */\nconst struct tg_registry {name} = {{\n' \
           f'    "{what}", "{date}",\n{body}\n    " "}};\n'


def write(path, doc, tables):
    with open(path, "w", encoding="ascii") as f:
        f.write(f'/* {doc} Made by registry.py. */\n#include "core/data/registry.h"\n\n')
        f.write("\n".join(tables))


def languages(iso):
    for entry in iso["639-3"]:
        yield from (entry[k] for k in ("alpha_2", "alpha_3", "bibliographic") if k in entry)
    yield from (entry["alpha_3"] for entry in iso["639-5"])


def ranges(change):
    """Runs of code points that change by the same distance, every one or every second of them."""
    out = []
    for code in range(0x80, 0x110000):
        other = change(chr(code))
        if len(other) != 1 or other == chr(code):
            continue
        delta = ord(other) - code
        first, last, step, before = out[-1] if out else (0, 0, 0, 0)
        gap = code - last
        if out and before == delta and (gap == step or (first == last and gap in (1, 2))):
            out[-1] = (first, code, gap, delta)
        else:
            out.append((code, code, 1, delta))
    return out


def write_cases():
    with open("core/data/casemap_table.c", "w", encoding="ascii") as f:
        f.write(f"/* Simple case mappings of Unicode {unicodedata.unidata_version}. "
                "Made by registry.py. */\n"
                '#include "core/data/casemap_own.h"\n')
        for name, change in ("lower", str.lower), ("upper", str.upper):
            rows = [f"{{{a:#x}, {b:#x}, {s}, {d}}}" for a, b, s, d in ranges(change)]
            f.write(f"\nconst struct tg_case_range tg_case_to_{name}[] = {{\n"
                    + ",\n".join(rows) + f",\n}};\n"
                    f"const uint32_t tg_case_to_{name}_count = {len(rows)};\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--iso", required=True)
    parser.add_argument("--zones", required=True)
    args = parser.parse_args()
    iso = {}
    for name in "3166-1", "4217", "639-3", "639-5":
        with open(f"{args.iso}/iso{name}.json", encoding="utf-8") as f:
            iso[name] = json.load(f)[name]
    with open(args.zones, encoding="utf-8") as f:
        zones = f.read()
    names = [m[1] or m[2] for m in re.finditer(r"^(?:Z (\S+)|L \S+ (\S+))", zones, re.M)]
    countries = iso["3166-1"]
    write("core/data/registry_codes.c", "Countries, currencies, IBAN structures, calling codes.", [
        table("tg_registry_country2", "ISO 3166-1 alpha-2", ISO_DATE,
              (c["alpha_2"] for c in countries)),
        table("tg_registry_country3", "ISO 3166-1 alpha-3", ISO_DATE,
              (c["alpha_3"] for c in countries)),
        table("tg_registry_currency", "ISO 4217", ISO_DATE, (c["alpha_3"] for c in iso["4217"])),
        table("tg_registry_iban", "SWIFT IBAN Registry", IBAN_DATE,
              (f"{country}:{structure}" for country, structure in iban())),
        table("tg_registry_calling", "ITU-T E.164 country codes", ITU_DATE, calling())])
    write("core/data/registry_language.c", "Languages.", [
        table("tg_registry_language", "ISO 639-1, 639-2, 639-3, 639-5", ISO_DATE, languages(iso))])
    write("core/data/registry_zone.c", "Time zones.", [
        table("tg_registry_zone", "IANA tz database", zones.split("\n", 1)[0].split()[-1], names)])
    write_cases()


if __name__ == "__main__":
    main()
