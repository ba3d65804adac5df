"""The check of a chaos run. It reads Kafka's log (read_committed), what the producers know and
PostgreSQL; it computes what must become of each event (stream.py) and shares nothing with
tidegate.

Violations, by name:
  topic        the log is not what the producers say: Kafka or this test is at fault
  aborted      an event of an aborted transaction is in the log or in the table
  lost doubled unknown altered misplaced fate reason     an event, as lib.checker tells
  order        rows of a partition were not written in the order of its log
  hole overlap end balance                               the ledger, as lib.checker tells
"""
import bisect
import collections
import zlib
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

import stream
from lib.checker import Report, check_chain, check_event
from producers import ABORTED, ACKED
from stream import DROP, LOAD, QUARANTINE

ROWS = """SELECT _offset, (extract(epoch FROM produced_at) * 1000)::bigint,
  concat_ws(E'\\t', id, number, account, seq, amount, note)
  FROM payments WHERE _part = ANY (%s) ORDER BY arrived"""
STRAY = """SELECT _part, _offset, id, number FROM payments
  WHERE _part NOT IN (SELECT id FROM tidegate.partition WHERE topic = %s)"""
REJECTED = """SELECT "offset", stage, rule, field, reason, key, value, value_size, status,
  (extract(epoch FROM kafka_ts) * 1000)::bigint FROM tidegate.quarantine
  WHERE partition_id = ANY (%s)"""
SEGMENTS = """SELECT from_offset, to_offset, n_in, n_loaded, n_quarantined, n_late, n_dropped,
  last_offset, last_crc FROM tidegate.segment WHERE partition_id = %s ORDER BY from_offset"""
SUM = "SELECT coalesce(sum(amount), 0) * 100 FROM payments WHERE _part = ANY (%s)"


class Placed(NamedTuple):
    """An event in the log, and what must have become of it there."""
    event: stream.Event
    fate: str
    ms: int
    crc: int
    source: int
    number: int

    @property
    def value(self):
        return self.event.value


def check(database, log, run):
    """When everything is loaded. log(part) -> {offset: Placed}, end, as reader() makes it; run:
    .topic, .sources. Returns a Report; .cents is the sum of what must be in the table."""
    report = Report()
    report.cents = 0
    chains = collections.defaultdict(list)
    for part, ident in database.rows("SELECT part, id FROM tidegate.partition WHERE topic = %s"
                                     " AND kind = 'kafka' ORDER BY id", (run.topic,)):
        chains[part].append(ident)
    for part in range(stream.PARTITIONS):
        events, end = log(part)
        check_log(report, part, events, run)
        report.fates.update(placed.fate for placed in events.values())
        check_partition(report, database, (part, chains.pop(part, [])), events, end)
    for part in chains:
        report.add("unknown", str(part), "a chain of no partition")
    for part, offset, ident, number in database.rows(STRAY, (run.topic,)):
        report.add("unknown", f"_part {part}:{offset}", f"a row of no partition: {ident} {number}")
    for gap in database.rows("SELECT partition_id, from_offset, to_offset FROM tidegate.gap"):
        report.add("hole", str(gap[0]), f"a gap was recorded: {gap[1:]}")
    return report


# --- what Kafka has

def reader(brokers, run):
    """Reads a partition of the run's topic: {offset: Placed}, and the end of the partition. Of the
    events of an id the first is loaded, the others are dropped; rules see all of them."""
    def log(part):
        events, known = {}, set()
        found, end = messages(brokers, run.topic, part)
        for m in found:
            source, number = map(int, dict(m.headers())["send"].split(b":"))
            event = stream.event(run.seed, source, number, run.clean)
            if (m.value(), m.key(), part) != (event.value, b"%d" % event.account, event.partition):
                raise AssertionError(f"{part}:{m.offset()} is not event {source}:{number}")
            fate = DROP if event.fate == LOAD and event.id in known else event.fate
            known.add(event.id)
            crc = zlib.crc32(m.value(), zlib.crc32(m.key()))
            events[m.offset()] = Placed(event, fate, m.timestamp()[1], crc, source, number)
        return events, end
    return log


def messages(brokers, topic, part):
    """[message] of a partition, read_committed, and its end."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "chaos-checker",
                         "enable.auto.commit": False, "enable.partition.eof": True,
                         "isolation.level": "read_committed"})
    found = []
    try:
        end = consumer.get_watermark_offsets(TopicPartition(topic, part), 60)[1]
        consumer.assign([TopicPartition(topic, part, 0)])
        while True:
            for m in consumer.consume(500, 0.05):
                if not m.error():
                    found.append(m)
                elif m.error().code() == KafkaError._PARTITION_EOF:
                    return found, end
                elif m.error().code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                    raise KafkaException(m.error())
    finally:
        consumer.close()


def check_log(report, part, events, run):
    """Every acknowledged event is in the log once, at its offset, in its order; no aborted one."""
    last = {}
    for offset, (*_, source, number) in events.items():
        name = f"{part}:{offset}"
        if number <= last.get(source, -1):
            report.add("topic", name, f"{source}:{number} comes after {last[source]}")
        last[source] = number
        state = run.sources[source].states[number]
        if state == ABORTED:
            report.add("aborted", name, f"{source}:{number} is in the log")
        elif state == ACKED and run.sources[source].offsets[number] != offset:
            report.add("topic", name, f"{source}:{number} was acknowledged elsewhere")
    for source in run.sources:
        for number in range(part, len(source.states), stream.PARTITIONS):  # those of this one
            if source.states[number] == ACKED and source.offsets[number] not in events:
                report.add("topic", str(part), f"{source.number}:{number} is not in the log")


# --- what PostgreSQL has

def check_partition(report, database, chain, events, end):
    part, ids = chain
    rows = read_rows(report, database, chain, events)
    rejected = read_rejected(report, database, chain, events)
    for offset, placed in events.items():
        check_event(report, f"{part}:{offset}", placed, (rows[offset], rejected[offset]))
    if len(ids) > 1:
        report.add("overlap", str(part), f"{len(ids)} chains")
    segments = database.rows(SEGMENTS, (ids[0],)) if ids else []
    offsets = list(events)

    def tallied(start, to):
        inside = offsets[bisect.bisect_left(offsets, start):bisect.bisect_left(offsets, to)]
        n = collections.Counter(events[offset].fate for offset in inside)
        newest = (inside[-1], events[inside[-1]].crc) if inside else (None, None)
        return [n.total(), n[LOAD], n[QUARANTINE], 0, n[DROP], *newest]
    check_chain(report, part, segments, tallied, end)
    due = sum(p.event.cents for p in events.values() if p.fate == LOAD)
    got = database.value(SUM, (ids,))
    report.cents += due
    if got != due:
        report.add("balance", str(part), f"amounts: {got} cents, not {due}")


def read_rows(report, database, chain, events):
    """{offset: number of rows}; each is compared at once, and with the one written before it."""
    part, ids = chain
    rows, places, before = collections.Counter(), None, -1
    for offset, ms, row in database.rows(ROWS, (ids,)):
        name, placed = f"{part}:{offset}", events.get(offset)
        rows[offset] += 1
        if offset <= before:
            report.add("order", name, f"was written after {before}")
        before = offset
        if placed is None:
            report.add("unknown", name, f"a row of no event: {row}")
        elif row != placed.event.row and placed.fate == LOAD:
            places = places or {p.event.row: o for o, p in events.items()}
            report.add("misplaced" if row in places else "altered", name,
                       f"is {row}, not {placed.event.row}")
        elif ms != placed.ms:
            report.add("altered", name, f"produced_at is {ms} ms")
    return rows


def read_rejected(report, database, chain, events):
    """{offset: number of rows}"""
    part, ids = chain
    rejected = collections.Counter()
    for offset, *row in database.rows(REJECTED, (ids,)):
        rejected[offset] += 1
        name, placed = f"{part}:{offset}", events.get(offset)
        if placed is None:
            report.add("unknown", name, f"quarantined, but no event: {row}")
        elif placed.fate == QUARANTINE:
            check_rejected(report, name, placed, row)
    return rejected


def check_rejected(report, name, placed, row):
    stage, rule, field, reason, key, value, size, status, ms = row
    event = placed.event
    if (stage, rule, field) != event.reason[:3] or event.reason[3] not in reason:
        report.add("reason", name, f"{stage}, {rule}, {field}, {reason} for {event.value}")
    if (key, value, size, ms) != (b"%d" % event.account, event.value, len(event.value), placed.ms) \
            or status != "new":
        report.add("altered", name, f"in the quarantine: {key}, {value}, {size} bytes, {status}")

