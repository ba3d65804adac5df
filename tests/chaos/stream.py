"""The events of a run and what must become of each: a function of (seed, source, number) and of
nothing else. It knows what tidegate promises and shares nothing with it.

Source s sends its numbers 0, 1, 2 .. in this order. An account belongs to one source and one
partition, so that the order of an account is that of its numbers. A few events are broken, too
large, refused by the table, tests, or sent a second time (same id, another number)."""
import hashlib
from typing import NamedTuple

PARTITIONS = 8
ACCOUNTS = 64  # of a source
LOAD, QUARANTINE, DROP = "load", "quarantine", "drop"

# below this value of draw % 1000 -> kind
KINDS = ((15, "cut"), (20, "null"), (35, "large"), (37, "refused"), (57, "test"), (80, "again"))
# kind -> stage, rule, field, and a part of the reason, in the quarantine
REASONS = {
    "cut": ("decode", None, None, "not JSON"),
    "null": ("decode", None, "account", "null in NOT NULL field"),
    "large": ("rule", "between(amount)", "amount", "is not between 0 and 50000"),
    "refused": ("load", None, None, "payments_note_check"),
}

TABLE = """CREATE SEQUENCE arrivals;
CREATE TABLE payments (id bigint NOT NULL, number bigint NOT NULL, account bigint NOT NULL,
  seq bigint NOT NULL, amount numeric(12,2), note text, produced_at timestamptz,
  arrived bigint NOT NULL DEFAULT nextval('arrivals'), _part int NOT NULL, _offset bigint NOT NULL,
  CONSTRAINT payments_note_check CHECK (note <> 'refused'))"""
DEDUP = 'dedup  = { by = { "id" }, within = "24h" },'
SCRIPT = """-- Payments of a chaos run, version {version}.
return {{
  topics = {{ "{topic}" }},
  table  = "payments",
  key    = "account",
  {dedup}
  fields = {{
    "id bigint not null",
    "number bigint not null",
    "account bigint not null",
    "seq bigint not null",
    "amount numeric(12,2)",
    "note text",
    "test boolean default false unstored",
    "produced_at timestamptz @kafka.timestamp",
  }},
  transform = function(b) b:drop(b.test, "test") end,
  rules = {{
    between {{ "amount", min = 0, max = 50000, on_fail = "quarantine" }},
  }},
}}
"""


class Event(NamedTuple):
    """row: of the table: id, number, account, seq, amount, note, with tabs between. fate: LOAD
    holds for the first event of its id in the log, the others are dropped."""
    account: int
    partition: int
    value: bytes
    fate: str
    row: str
    reason: tuple | None
    id: int | None  # None: cannot be read
    cents: int


def draw(seed, source, number):
    text = b"%d:%d:%d" % (seed, source, number)
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")


def kind_of(value):
    return next((kind for limit, kind in KINDS if value % 1000 < limit), "plain")


def event(seed, source, number, clean=False):
    """clean: without anything that is quarantined, dropped or sent again."""
    value = draw(seed, source, number)
    kind, first = "plain" if clean else kind_of(value), number
    if kind == "again":
        kind, first, value = again(seed, source, number, value)
    return made(kind, source, number, first, value)


def again(seed, source, number, value):
    """The event that this one repeats; itself when that one is none to repeat."""
    first = number - ACCOUNTS * (1 + (value >> 64) % 3)
    if first >= 0:
        other = draw(seed, source, first)
        kind = kind_of(other)
        if kind in ("plain", "test", "large"):
            return kind, first, other
    return "plain", number, value


def made(kind, source, number, first, value):
    account = source * ACCOUNTS + first % ACCOUNTS
    cents = 7500000 if kind == "large" else 1 + (value >> 16) % 5000000
    amount = "%d.%02d" % divmod(cents, 100)
    note = "refused" if kind == "refused" else "%x" % (value >> 96)
    ident, seq = source << 40 | first, first // ACCOUNTS
    sent = "null" if kind == "null" else account
    text = (f'{{"id":{ident},"number":{number},"account":{sent},"seq":{seq},"amount":{amount},'
            f'"note":"{note}","test":{"true" if kind == "test" else "false"}}}').encode()
    if kind == "cut":
        text = text[:len(text) * 2 // 3]
    row = f"{ident}\t{number}\t{account}\t{seq}\t{amount}\t{note}"
    reason = REASONS.get(kind)
    fate = QUARANTINE if reason else DROP if kind == "test" else LOAD
    readable = kind not in ("cut", "null")
    return Event(account, account % PARTITIONS, text, fate, row, reason,
                 ident if readable else None, cents)
