"""The check of a chaos run. It reads Kafka's log and the outputs (read_committed), what the
producers know and PostgreSQL; it computes what must become of each event (stream.py) and shares
nothing with tidegate.

Violations, by name:
  topic        the log is not what the producers say: Kafka or this test is at fault
  aborted      an event of an aborted transaction is in the log or in the table
  lost doubled unknown altered misplaced fate reason     an event, as lib.checker tells
  order        rows of a partition were not written in the order of its log
  hole overlap end balance                               the ledger, as lib.checker tells; a gap
               may be recorded where the run has deleted records
  unsent resent stray garbled shuffled unfinished        outputs, see outputs.py
"""
import bisect
import collections
from typing import NamedTuple

import outputs
import stream
from lib.checker import Report, check_chain, check_event
from log import Reader, Sent, sent_of
from producers import ABORTED, ACKED
from stream import DROP, LOAD, QUARANTINE

ROWS = """SELECT _offset, (extract(epoch FROM produced_at) * 1000)::bigint,
  concat_ws(E'\\t', id, number, account, seq, amount, note), _issues[1]
  FROM payments WHERE _part = ANY (%s) ORDER BY arrived"""
STRAY = """SELECT _part, _offset, id, number FROM payments
  WHERE _part NOT IN (SELECT id FROM tidegate.partition WHERE topic = %s)"""
REJECTED = """SELECT "offset", stage, rule, field, reason, key, value, value_size, status,
  (extract(epoch FROM kafka_ts) * 1000)::bigint FROM tidegate.quarantine
  WHERE partition_id = ANY (%s)"""
SEGMENTS = """SELECT from_offset, to_offset, n_in, n_loaded, n_tagged, n_quarantined, n_late,
  n_dropped, last_offset, last_crc, (extract(epoch FROM committed_at) * 1000)::bigint
  FROM tidegate.segment WHERE partition_id = %s ORDER BY from_offset"""
GAPS = "SELECT from_offset, to_offset FROM tidegate.gap WHERE partition_id = ANY (%s)"
SUM = "SELECT coalesce(sum(amount), 0) * 100 FROM payments WHERE _part = ANY (%s)"
REMEMBERED = 4096  # times of an account


class Placed(NamedTuple):
    """An event in the log, and what must have become of it there. tag: the reason in its row."""
    event: stream.Event
    fate: str
    tag: str | None
    sent: Sent

    @property
    def value(self):
        return self.event.value


def empty():
    report = Report()
    report.cents, report.waited_s, report.waited_in = 0, 0.0, None
    return report


def check(database, log, run):
    """When everything is loaded. log: a Log, or what is like it. Returns a Report; .cents is the
    sum of what must be in the table, .due what must be in the outputs, .waited_s the longest that
    an event had to wait for the next commit of its partition, .waited_in which that was."""
    report = empty()
    chains, due = collections.defaultdict(list), {}
    for part, ident in database.rows("SELECT part, id FROM tidegate.partition WHERE topic = %s"
                                     " AND kind = 'kafka' ORDER BY id", (run.topic,)):
        chains[part].append(ident)
    for part in range(run.partitions):
        there, end = log.read(part)
        chain = (part, chains.pop(part, []))
        check_log(report, part, there, run)
        events = place(run.plan, part, passed_over(report, database, chain, there, run))
        report.fates.update(placed.fate for placed in events.values())
        if len(events) < len(there):
            report.fates["deleted"] += len(there) - len(events)
        check_partition(report, database, chain, events, end)
        due.update(outputs.due(run.topic, part, events))
    for part in chains:
        report.add("unknown", str(part), "a chain of no partition")
    for part, offset, ident, number in database.rows(STRAY, (run.topic,)):
        report.add("unknown", f"_part {part}:{offset}", f"a row of no partition: {ident} {number}")
    report.due = due
    if not run.plan.clean:
        outputs.check(report, log.records(), due)
        left = database.value("SELECT count(*) FROM tidegate.outbox")
        if left:
            report.add("unfinished", "outbox", f"{left} rows are left")
        outputs.check_group(report, log)
    return report


# --- what Kafka has

class Log:
    """Reads the topic of a run, once, and its outputs."""

    def __init__(self, brokers, run):
        self.run, self.ends = run, run.kafka.ends(run.topic)
        self.reader = Reader(brokers)
        self.sent = {part: dict(run.deleted.get(part, {})) for part in self.ends}
        for m in self.reader.messages(run.topic, self.ends):
            self.sent[m.partition()][m.offset()] = sent_of(run.plan, m)

    def read(self, part):
        """{offset: Sent} of a partition, with what the run deleted from it, and its end."""
        return self.sent[part], self.ends[part]

    def group(self):
        """{partition: (what the pipeline's group has committed, its end)}"""
        committed = self.run.kafka.committed(self.run.topic, self.run.topic)
        return {part: (committed[part], end) for part, end in self.ends.items()}

    def records(self, reader=None):
        """[outputs.Record], those of a partition in their order. reader: another one."""
        topics = {name: f"{self.run.topic}.{name}" for name in outputs.NAMES}
        return [outputs.record(name, m) for name, topic in topics.items()
                for m in (reader or self.reader).messages(topic, self.run.kafka.ends(topic))]


def check_log(report, part, sent, run):
    """Every acknowledged event is in the log once, at its offset, in its order; no aborted one."""
    last = {}
    for offset, (source, number, *_) in sent.items():
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
        for number in run.plan.numbers(source.number, part, len(source.states)):
            if source.states[number] == ACKED and source.offsets[number] not in sent:
                report.add("topic", str(part), f"{source.number}:{number} is not in the log")


def passed_over(report, database, chain, sent, run):
    """What is left of sent without the gaps that were recorded because the run deleted them."""
    part, ids = chain
    gaps = database.rows(GAPS, (ids,))
    for start, to in gaps:
        if to > run.deleted_to.get(part, 0):
            report.add("hole", str(part), f"a gap was recorded, and not deleted: [{start},{to})")
    return {offset: s for offset, s in sent.items()
            if not any(start <= offset < to for start, to in gaps)}


def place(plan, part, sent):
    """{offset: Placed}. Of the events of an id the first is loaded, the others are dropped. Rules
    see all that can be read, but for tests, and remember them."""
    events, known = {}, set()
    times, last = collections.defaultdict(list), {}
    for offset, s in sent.items():
        event, tag = stream.event(plan, s.source, s.number), None
        assert event.partition == part
        repeated = event.id in known and not plan.straight
        fate = DROP if event.fate == LOAD and repeated else event.fate
        known.add(event.id)
        if event.id is not None and event.fate != DROP and not plan.clean | plan.straight:
            turn = remember(times[event.account], s.ms)
            tag = tag_of(event, turn, last.get(event.account))
            last[event.account] = s.number
        events[offset] = Placed(event, fate, tag, s)
    return events


def remember(times, ms):
    """Adds a time to those of an account; how many of them are not later, itself among them."""
    at = bisect.bisect_right(times, ms)
    times.insert(at, ms)
    if len(times) > REMEMBERED:
        times.pop(0)
    return at + 1


def tag_of(event, turn, last):
    if event.cents >= stream.TAGGED:
        return None
    return "turn: first" if last is None else f"turn: {turn} after {last}"


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
        newest = (inside[-1], events[inside[-1]].sent.crc) if inside else (None, None)
        tagged = sum(events[o].tag is not None and events[o].fate == LOAD for o in inside)
        return [n.total(), n[LOAD], tagged, n[QUARANTINE], 0, n[DROP], *newest]
    check_chain(report, part, [row[:-1] for row in segments], tallied, end)
    measure(report, part, segments, events)
    due = sum(p.event.cents for p in events.values() if p.fate == LOAD)
    got = database.value(SUM, (ids,))
    report.cents += due
    if got != due:
        report.add("balance", str(part), f"amounts: {got} cents, not {due}")


def measure(report, part, segments, events):
    """How long the first event of each segment waited: since it came, or, when it was there
    already, since the commit before. The first commit of all waits for processes to start, and
    does not count."""
    before, offsets = 0, list(events)
    for start, to, *_, committed in segments:
        at = bisect.bisect_left(offsets, start)
        if before and at < len(offsets) and offsets[at] < to:
            waited = (committed - max(before, events[offsets[at]].sent.ms)) / 1000
            if waited > report.waited_s:
                report.waited_s, report.waited_in = waited, f"{part}:[{start},{to})"
        before = committed


def read_rows(report, database, chain, events):
    """{offset: number of rows}; each is compared at once, and with the one written before it."""
    part, ids = chain
    rows, places, before = collections.Counter(), None, -1
    for offset, ms, row, tag in database.rows(ROWS, (ids,)):
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
        elif ms != placed.sent.ms or (tag != placed.tag and placed.fate == LOAD):
            report.add("altered", name, f"produced_at is {ms} ms; tag {tag}, not {placed.tag}")
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
    wanted = (b"%d" % event.account, event.value, len(event.value), placed.sent.ms, "new")
    if (key, value, size, ms, status) != wanted:
        report.add("altered", name, f"in the quarantine: {key}, {value}, {size} bytes, {status}")

