"""Was every event delivered exactly once? An independent reader of the topic, of PostgreSQL and of
nothing else; what must be there says lib.oracle.

check() returns violations, each with a name from this list:

  topic        the topic does not hold the generated events: the test itself is broken
  lost         an event that must be in the table or in the quarantine is in neither
  doubled      an event is there more than once
  unknown      something is there that no event explains
  altered      a value differs from the event's
  misplaced    a row carries the offset of another event
  fate         the event is there, but not where it belongs
  reason       the quarantine names another stage, rule, field or reason
  hole overlap the chain of a partition's segments
  end          a chain ends elsewhere than its partition
  balance      a segment's numbers, or the sum of amounts, are not those of its events
"""
import collections
import zlib
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition

from lib import kafka, oracle
from lib.oracle import DROP, LOAD, QUARANTINE

SHOWN = 20  # of each name; the rest is counted

TABLE = """COPY (SELECT p.part, _offset, (extract(epoch FROM produced_at) * 1000000)::bigint,
  order_id, (extract(epoch FROM ordered_at) * 1000000)::bigint, customer_id, amount, currency,
  country, items, _issues
  FROM orders LEFT JOIN tidegate.partition p ON p.id = _part) TO STDOUT"""
SEGMENTS = """SELECT from_offset, to_offset, n_in, n_loaded, n_tagged, n_quarantined, n_late,
  n_dropped, (extract(epoch FROM min_event_time) * 1000000)::bigint,
  (extract(epoch FROM max_event_time) * 1000000)::bigint, last_offset, last_crc,
  coalesce((SELECT sum(n::int) FROM jsonb_each_text(drops) AS d(reason, n)), 0)
  FROM tidegate.segment WHERE partition_id = %s ORDER BY from_offset"""
REJECTED = """SELECT p.part, q."offset", (extract(epoch FROM q.kafka_ts) * 1000000)::bigint,
  q.stage, q.rule, q.field, q.reason, q.key, q.value, q.value_size, q.status, q.attempts
  FROM tidegate.quarantine q JOIN tidegate.partition p ON p.id = q.partition_id"""


class Violation(NamedTuple):
    name: str
    where: str
    what: str


class Report(list):
    """The violations; .count[name] is complete, the list shows the first SHOWN of each name."""

    def __init__(self):
        super().__init__()
        self.count = collections.Counter()
        self.fates = collections.Counter()

    def add(self, name, where, what):
        self.count[name] += 1
        if self.count[name] <= SHOWN:
            self.append(Violation(name, where, what))

    def __str__(self):
        return "\n".join([f"{dict(self.count)}", *(f"{v.name} {v.where}: {v.what}" for v in self)])


class Message(NamedTuple):
    """What is kept of one message of the topic."""
    offset: int
    us: int
    crc: int


def check(database, brokers, topic, stream):
    """Call it when everything has been loaded. stream: lib.oracle's events, in order."""
    report = Report()
    messages, ends = read_topic(brokers, topic)
    events = place(report, messages, stream)
    rows = read_table(report, database, events)
    rejected = read_quarantine(report, database, events)
    for where, (event, _) in events.items():
        check_event(report, f"{where[0]}:{where[1]}", event, (rows[where], rejected[where]))
    check_ledger(report, database, topic, events, ends)
    check_amounts(report, database, events)
    return report


# --- the topic

def read_topic(brokers, topic):
    """{partition: [Message]}, {partition: end}"""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "e2e-reader",
                         "enable.auto.commit": False, "queued.max.messages.kbytes": 65536})
    try:
        ends = kafka.ends(consumer, topic)
        consumer.assign([TopicPartition(topic, p, 0) for p in ends])
        messages, left = {p: [] for p in ends}, {p for p in ends if ends[p]}
        while left:
            due = sum(ends.values()) - sum(map(len, messages.values()))
            got = consumer.consume(max(1, min(10000, due)), 60)
            if not got:
                raise TimeoutError(f"{topic}: no message within 60 s, {left} not at their end")
            for m in got:
                if m.error():
                    raise RuntimeError(str(m.error()))
                crc = zlib.crc32(m.value(), zlib.crc32(m.key()))
                messages[m.partition()].append(Message(m.offset(), m.timestamp()[1] * 1000, crc))
                if m.offset() + 1 >= ends[m.partition()]:
                    left.discard(m.partition())
        return messages, ends
    finally:
        consumer.close()


def place(report, messages, stream):
    """{(partition, offset): (Event, Message)}: an event's key chooses its partition, and within a
    partition events keep their order. Compared byte for byte with what is there (by CRC-32)."""
    taken, events, parts = [0] * len(messages), {}, len(messages)
    for number, event in enumerate(stream):
        part = event.key % parts
        if taken[part] == len(messages[part]):
            report.add("topic", f"{part}", f"event {number} is not there")
            continue
        message = messages[part][taken[part]]
        taken[part] += 1
        if message.crc != zlib.crc32(event.value, zlib.crc32(b"%d" % event.key)):
            report.add("topic", f"{part}:{message.offset}", f"is not event {number}")
        if event.fate == LOAD:
            event = event._replace(value=b"")  # a million of them are kept
        events[part, message.offset] = (event, message)
        report.fates[event.fate] += 1
    for part, n in enumerate(taken):
        if n < len(messages[part]):
            report.add("topic", f"{part}", f"{len(messages[part]) - n} more than were generated")
    return events


# --- what is in PostgreSQL

def read_table(report, database, events):
    """{(partition, offset): number of rows}; each row is compared at once."""
    rows = collections.Counter()
    wrong = []
    with database.server.connect(database.name) as c, c.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'")
        with cursor.copy(TABLE) as copy:
            for line in lines(copy):
                part, offset, produced, row = line.split("\t", 3)
                where = (int(part), int(offset)) if part != r"\N" and offset != r"\N" else None
                rows[where] += 1
                event, message = events.get(where, (None, None))
                if event is None:
                    report.add("unknown", f"{part}:{offset}", f"a row of no event: {row}")
                elif event.row != row and event.fate == LOAD:
                    wrong.append((where, row))
                elif produced != str(message.us):
                    report.add("altered", f"{part}:{offset}", f"produced_at is {produced} us")
    if wrong:
        explain(report, wrong, events)
    return rows


def lines(copy):
    rest = b""
    for data in copy:
        *whole, rest = (rest + bytes(data)).split(b"\n")
        yield from (line.decode() for line in whole)
    assert not rest


def explain(report, wrong, events):
    """Rows that are not what their event says: of another event, or changed."""
    places = collections.defaultdict(list)
    for where, (event, _) in events.items():
        if event.row:
            places[event.row].append(where)
    for where, row in wrong:
        name = f"{where[0]}:{where[1]}"
        if row in places:
            report.add("misplaced", name, f"the row of the event at {places[row][:3]}")
            continue
        pairs = zip(oracle.ROW, events[where][0].row.split("\t"), row.split("\t"))
        report.add("altered", name,
                   ", ".join(f"{c} is {b}, not {a}" for c, a, b in pairs if a != b))


def read_quarantine(report, database, events):
    """{(partition, offset): number of rows}"""
    rejected = collections.Counter()
    with (database.server.connect(database.name) as c, c.transaction(),
          c.cursor(name="rejected") as cursor):
        cursor.itersize = 5000
        for part, offset, us, *row in cursor.execute(REJECTED):
            rejected[part, offset] += 1
            event, message = events.get((part, offset), (None, None))
            if event is None:
                report.add("unknown", f"{part}:{offset}", f"quarantined, but no event: {row}")
            elif event.fate == QUARANTINE:
                check_rejected(report, f"{part}:{offset}", event, (us == message.us, *row))
    return rejected


def check_rejected(report, where, event, row):
    time_same, stage, rule, field, reason, key, value, size, status, attempts = row
    if (stage, rule, field) != event.reason[:3] or event.reason[3] not in reason:
        report.add("reason", where, f"{stage}, {rule}, {field}, {reason} for {event.value}")
    if (key, value, size) != (b"%d" % event.key, event.value, len(event.value)):
        report.add("altered", where, f"in the quarantine: {key}, {value}, {size} bytes")
    if not time_same or status != "new" or attempts:
        report.add("altered", where, f"in the quarantine: time, or {status} after {attempts}")


def check_event(report, name, event, found):
    """event: with fate and value; found: its rows in the table and in the quarantine."""
    fate, (loaded, refused) = event.fate, found
    if found == ((1, 0) if fate == LOAD else (0, 1) if fate == QUARANTINE else (0, 0)):
        return
    if loaded + refused > 1:
        report.add("doubled", name, f"{loaded} rows, {refused} in the quarantine, due: {fate}")
    elif loaded + refused == 0:
        report.add("lost", name, f"due: {fate}; {event.value}")
    else:
        report.add("fate", name, f"is in the {'table' if loaded else 'quarantine'}, due: {fate}")


# --- the ledger

def check_ledger(report, database, topic, events, ends):
    chains = dict(database.rows("""SELECT part, array_agg(id ORDER BY id) FROM tidegate.partition
        WHERE topic = %s AND kind = 'kafka' GROUP BY part""", (topic,)))
    for gap in database.rows("SELECT partition_id, from_offset, to_offset FROM tidegate.gap"):
        report.add("hole", str(gap[0]), f"a gap was recorded: {gap[1:]}")
    for part, end in ends.items():
        ids = chains.pop(part, [])
        if len(ids) > 1:
            report.add("overlap", str(part), f"{len(ids)} chains")
        segments = database.rows(SEGMENTS, (ids[0],)) if ids else []
        check_chain(report, part, segments, lambda a, b, p=part: tally(p, a, b, events), end)
    for part in chains:
        report.add("unknown", str(part), "a chain of no partition")


def check_chain(report, part, segments, tallied, end):
    """tallied(from, to): the numbers that a segment of these events has."""
    at = 0
    for start, to, *numbers in segments:
        where = f"{part}:[{start},{to})"
        if start > at:
            report.add("hole", where, f"the chain had come to {at}")
        elif start < at:
            report.add("overlap", where, f"the chain had come to {at}")
        at = max(at, to)
        due = tallied(start, to)
        if due != numbers:
            report.add("balance", where, f"says {numbers}, its events are {due}")
    if at != end:
        report.add("end", str(part), f"the chain ends at {at}, the partition at {end}")


def tally(part, start, to, events):
    """The numbers of SEGMENTS, of the events in [start, to)."""
    fates, tagged, first, last, newest = collections.Counter(), 0, None, None, None
    for offset in range(start, to):
        event, message = events.get((part, offset), (None, None))
        if event is None:
            continue
        newest = message
        fates[event.fate] += 1
        if event.fate == LOAD:
            tagged += event.cents is None
            us = event.ordered_us
            first, last = min(first or us, us), max(last or us, us)
    return [fates.total(), fates[LOAD], tagged, fates[QUARANTINE], 0, fates[DROP], first, last,
            newest and newest.offset, newest and newest.crc, fates[DROP]]


def check_amounts(report, database, events):
    due = collections.Counter()
    for (part, _), (event, _) in events.items():
        due[part] += event.cents or 0
    got = dict(database.rows("""SELECT p.part, (coalesce(sum(amount), 0) * 100)::bigint
        FROM orders LEFT JOIN tidegate.partition p ON p.id = _part GROUP BY p.part"""))
    for part in due.keys() | got.keys():
        if got.get(part, 0) != due[part]:
            report.add("balance", str(part), f"amounts: {got.get(part, 0)} cents, not {due[part]}")
