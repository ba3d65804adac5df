"""The events of a run and what must become of each: a function of (plan, source, number) and of
nothing else. It knows what tidegate promises and shares nothing with it.

Source s sends its numbers 0, 1, 2 .. in this order. An account belongs to one source and one
partition, so that the order of an account is that of its numbers. A few events are broken, too
large, refused by the table, tests, or sent a second time (same id, another number). Small amounts
are emitted to a topic, what is quarantined goes to another one, and half of the rows are tagged
with what a rule remembers of their account. Without PostgreSQL (Plan.straight) all that is loaded
is emitted, nothing is remembered, and no table refuses anything."""
import hashlib
from typing import NamedTuple

SOURCES = 3  # that fill the partitions a run begins with; others have one of their own
EMITTED, TAGGED = 1000000, 2500000  # amounts below it, in cents
ALL = 6000000  # above what is loaded
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
  _issues text[], CONSTRAINT payments_note_check CHECK (note <> 'refused'))"""
ROWS = """table  = "payments",
  key    = "account","""
DEDUP = """dedup  = { by = { "id" }, within = "24h" },
  """
OUTPUTS = """outputs = {{ "{topic}.out" }}, dead_letter = "{topic}.dead","""
EMIT = """
    b:emit("{topic}.out", b.amount:lt({limit}), {{ key = b.account,
      value = {{ "id", "number", "account", "seq", "amount", "note" }} }})"""
SCRIPT = """-- Payments of a chaos run, version {version}.
return {{
  topics = {{ "{topic}" }},
  {rows}
  {more}
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
  transform = function(b)
    b:drop(b.test, "test"){emit}
  end,
  rules = {{
    between {{ "amount", min = 0, max = 50000, on_fail = "quarantine" }},
  }},
}}
"""
RULE = """-- What it remembers of an account is in the reasons of half of the rows.
return {
  doc     = "How many events of the account came, and the number of the one before.",
  topics  = { "payments" },
  state   = { key = "account", keep = "24h" },
  depends = "stream",
  check   = function(b, p, s)
    local turn, last = s:count_within(b.produced_at, "24h"), s:previous(b.number)
    return b.amount:ge(25000), turn:to_text() .. " after " .. last:to_text()
  end,
  reason  = "first",
}
"""


class Plan(NamedTuple):
    """clean: without anything that is quarantined, dropped, emitted, remembered or sent again.
    straight: from Kafka to Kafka. accounts: of a source, a multiple of partitions."""
    seed: int
    clean: bool = False
    straight: bool = False
    partitions: int = 8
    accounts: int = 64

    def partition(self, source, number):
        return number % self.partitions if source < SOURCES else self.partitions + source - SOURCES

    def numbers(self, source, part, count):
        """Those below count that the source sends to the partition."""
        if source < SOURCES:
            return range(part, count, self.partitions) if part < self.partitions else ()
        return range(count) if part == self.partition(source, 0) else ()

    def emits(self, cents):
        """Whether a row of this amount goes to the topic for outputs."""
        return not self.clean and cents < (ALL if self.straight else EMITTED)


def script(plan, topic, version):
    more, emit = ("", "") if plan.clean else (OUTPUTS, EMIT)
    more, limit = more.format(topic=topic), (ALL if plan.straight else EMITTED) // 100
    if more and not plan.straight:
        more = DEDUP + more
    return SCRIPT.format(topic=topic, version=version, more=more,
                         rows="" if plan.straight else ROWS,
                         emit=emit.format(topic=topic, limit=limit))


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
    emitted: bytes | None  # when it is loaded


def draw(seed, source, number):
    text = b"%d:%d:%d" % (seed, source, number)
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")


def kind_of(value):
    return next((kind for limit, kind in KINDS if value % 1000 < limit), "plain")


def event(plan, source, number):
    value = draw(plan.seed, source, number)
    kind, first = "plain" if plan.clean else kind_of(value), number
    if kind == "again":
        kind, first, value = again(plan, source, number, value)
    return made(plan, kind, (source, number, first), value)


def again(plan, source, number, value):
    """The event that this one repeats; itself when that one is none to repeat."""
    first = number - plan.accounts * (1 + (value >> 64) % 3)
    if first >= 0:
        other = draw(plan.seed, source, first)
        kind = kind_of(other)
        if kind in ("plain", "test", "large"):
            return kind, first, other
    return "plain", number, value


def made(plan, kind, place, value):
    source, number, first = place
    account = source * plan.accounts + first % plan.accounts
    cents = 7500000 if kind == "large" else 1 + (value >> 16) % 5000000
    amount = "%d.%02d" % divmod(cents, 100)
    note = "refused" if kind == "refused" else "%x" % (value >> 96)
    ident, seq = source << 40 | first, first // plan.accounts
    text = (f'{{"id":{ident},"number":{number},"account":{account},"seq":{seq},"amount":{amount},'
            f'"note":"{note}"')
    emitted = (text + "}").encode() if plan.emits(cents) else None
    if kind == "null":
        text = text.replace(f'"account":{account}', '"account":null')
    text = (text + (',"test":true}' if kind == "test" else ',"test":false}')).encode()
    if kind == "cut":
        text = text[:len(text) * 2 // 3]
    row = f"{ident}\t{number}\t{account}\t{seq}\t{amount}\t{note}"
    reason = None if kind == "refused" and plan.straight else REASONS.get(kind)
    fate = QUARANTINE if reason else DROP if kind == "test" else LOAD
    return Event(account, plan.partition(source, number), text, fate, row, reason,
                 ident if kind not in ("cut", "null") else None, cents, emitted)
