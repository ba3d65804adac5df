"""What every generated order is and what must become of it, computed a second time: written from
the description of the stream in core/app/generator.h, the fields and rules of scripts/orders.lua
and the promises of the documentation, sharing nothing with the program.

Randomness: h(k) = mix(seed + 64 * number + k), mix the output function of SplitMix64 (Steele, Lea,
Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014)."""
from typing import NamedTuple

import numpy as np

CHUNK = 50000
START_MS, STEP_MS = 1767225600000, 3  # what `tidegate generate` begins with when not told otherwise
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CHF")
COUNTRIES = ("DE", "FR", "US", "GB", "IT", "ES", "NL", "PL")
NULL = r"\N"  # of COPY
ISSUE = '{"not_null(amount): amount: null"}'  # a null amount is loaded and tagged

# below this value of h(9) % 10000 -> fault; where it is found, and a part of the reason that no
# other fault has
FAULTS = {
    50: ("cut", ("decode", None, None, "not JSON")),
    80: ("nul", ("decode", None, "currency", r"\u0000")),
    100: ("surrogate", ("decode", None, "currency", "lone surrogate")),
    130: ("overflow", ("decode", None, "amount", "out of range for numeric(12,2)")),
    160: ("null_key", ("decode", None, "customer_id", "null in NOT NULL field")),
    190: ("wrong_type", ("decode", None, "customer_id", "is an object, not a number")),
    210: ("far_year", ("decode", None, "ordered_at", "year outside 0001 to 9999")),
    250: ("too_much", ("rule", "between(amount)", "amount", "75000.00 is not between 0 and 50000")),
}
LIMITS = np.array(sorted(FAULTS))
NAMES = [FAULTS[limit][0] for limit in LIMITS.tolist()] + [None]
REASONS = dict(FAULTS.values())

LOAD, QUARANTINE, DROP = "load", "quarantine", "drop"


class Event(NamedTuple):
    """One event. row: of the table, as text of COPY, columns of ROW; reason: (stage, rule, field,
    part of the reason) in the quarantine."""
    key: int
    value: bytes
    fate: str
    row: str | None
    reason: tuple | None
    ordered_us: int
    cents: int | None  # of the row


ROW = ("order_id", "ordered_us", "customer_id", "amount", "currency", "country", "items", "_issues")


def mix(z):
    z = z + np.uint64(0x9e3779b97f4a7c15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
    return z ^ (z >> np.uint64(31))


class Draws:
    """Everything the randomness decides about some numbers, as arrays."""

    def __init__(self, seed, numbers, clean):
        self.seed, self.numbers, self.clean = np.uint64(seed % 2**64), numbers, clean
        if not clean:
            repeats = (self.h(10) % np.uint64(100) == 0) & (numbers > 0)
            self.numbers = numbers - repeats.astype(np.uint64)

    def h(self, k):
        return mix(self.seed + np.uint64(64) * self.numbers + np.uint64(k))

    def below(self, k, n):
        return (self.h(k) % np.uint64(n)).astype(np.int64)

    def uuids(self):
        hi, lo = self.h(1), self.h(2)
        parts = (hi >> np.uint64(32), hi >> np.uint64(16) & np.uint64(0xffff),
                 hi & np.uint64(0xfff), np.uint64(0x8000) | lo >> np.uint64(50),
                 lo & np.uint64(0xffffffffffff))
        return ["%08x-%04x-4%03x-%04x-%012x" % p for p in zip(*(a.tolist() for a in parts))]

    def times_ms(self):
        late = np.where(self.below(3, 100) == 0, self.below(4, 7200), 0)
        return START_MS + self.numbers.astype(np.int64) * STEP_MS - late * 1000

    def customers(self):
        few = self.below(16, 10) < 6
        return np.where(few, self.below(17, 100), self.below(17, 100000)).tolist()

    def cents(self):
        """Of the amount; -1: null."""
        return np.where(self.below(5, 1000) < 27, -1, 1 + self.below(6, 200000)).tolist()

    def currencies(self):
        lower = self.below(7, 100) < 5
        return [CURRENCIES[i].lower() if low else CURRENCIES[i]
                for i, low in zip(self.below(8, 5).tolist(), lower.tolist())]

    def items(self):
        """[(sku, quantity)] per event"""
        two = (self.below(11, 2) == 1).tolist()
        draws = (self.below(12, 1000), 1 + self.below(14, 5), self.below(13, 1000),
                 1 + self.below(15, 5))
        return [((a, m), (b, n)) if both else ((a, m),)
                for both, a, m, b, n in zip(two, *(d.tolist() for d in draws))]

    def tests(self):
        return ((self.below(19, 100) == 0) & (not self.clean)).tolist()

    def faults(self):
        if self.clean:
            return [None] * len(self.numbers)
        return [NAMES[i] for i in np.searchsorted(LIMITS, self.below(9, 10000), "right").tolist()]


def orders(seed, count, clean=False):
    """The first `count` events, in order. clean: without faults, repeats and test orders."""
    for at in range(0, count, CHUNK):
        d = Draws(seed, np.arange(at, min(at + CHUNK, count), dtype=np.uint64), clean)
        ms = d.times_ms()
        clock = np.datetime_as_string(ms.astype("datetime64[ms]"), unit="ms").tolist()
        countries = [COUNTRIES[i] for i in d.below(18, 8).tolist()]
        yield from map(order, d.uuids(), ms.tolist(), clock, d.customers(), d.cents(),
                       d.currencies(), countries, d.items(), d.tests(), d.faults())


def order(uuid, ms, clock, customer, cents, currency, country, items, test, fault):
    amount = money(cents)
    sent = {"ts": clock + "Z", "customer": customer, "amount": amount or "null",
            "currency": currency}
    if fault:
        sent.update(SPOILT.get(fault, {}))
    listed = ",".join(['{"sku":"SKU-%05d","qty":%d}' % i for i in items])
    value = (f'{{"order_id":"{uuid}","ts":"{sent["ts"]}","customer_id":{sent["customer"]},'
             f'"amount":{sent["amount"]},"currency":"{sent["currency"]}",'
             f'"address":{{"country":"{country}"}},"items":[{listed}],'
             f'"is_test":{"true" if test else "false"}}}').encode()
    if fault == "cut":
        value = value[:len(value) * 2 // 3]
    if fault and not (fault == "too_much" and test):  # a dropped row meets no rule
        return Event(customer, value, QUARANTINE, None, REASONS[fault], 0, None)
    if test:
        return Event(customer, value, DROP, None, None, 0, None)
    stored = ", ".join(['{"qty": %d, "sku": "SKU-%05d"}' % (n, sku) for sku, n in items])
    row = (f"{uuid}\t{ms * 1000}\t{customer}\t{amount or NULL}\t{currency.upper()}\t{country}\t"
           f"[{stored}]\t{NULL if amount else ISSUE}")
    return Event(customer, value, LOAD, row, None, ms * 1000, cents if amount else None)


SPOILT = {
    "nul": {"currency": r"E\u0000R"},
    "surrogate": {"currency": r"\ud800"},
    "overflow": {"amount": "99999999999.99"},
    "null_key": {"customer": "null"},
    "wrong_type": {"customer": "{}"},
    "far_year": {"ts": "99999-01-01T00:00:00Z"},
    "too_much": {"amount": "75000.00"},
}


def money(cents):
    """12345 -> 123.45; None for -1."""
    return None if cents < 0 else "%d.%02d" % divmod(cents, 100)
