"""What rules remember, seen from outside: rows tagged by a velocity rule, and duplicates dropped,
are those that an independent calculation over Kafka's log finds, whatever happened to the processes
in between. With the off-switch no.state the same check fails."""
import bisect
import collections
import datetime
import json
import random

import pytest

from lib import scripts
from lib.poll import eventually

LIMIT, WINDOW_S = 4, 60
BEGAN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
FIELDS = ['"id bigint not null"', '"card text"', '"paid_at timestamptz"']
VELOCITY = f'velocity_below {{ "card", {LIMIT}, "{WINDOW_S}s", time = "paid_at" }}'


class Payments:
    """A topic of payments by card; event i is paid about i * 10 ms after the beginning."""

    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.make, self.database = kafka, tidegate, database
        self.topic = topic("payments", partitions=4)
        self.sent, self.members = [], 0

    def send(self, count, seed, again=0.0):
        """again: the share of events that are sent a second time, a little later."""
        draw = random.Random(seed)
        first, late = len(self.sent), collections.deque()
        for i in range(first, first + count):
            paid = BEGAN + datetime.timedelta(milliseconds=10 * i - draw.randrange(2000))
            event = {"id": i, "card": f"card-{draw.randrange(1500)}", "paid_at": paid.isoformat()}
            self.sent.append(event)
            if draw.random() < again:
                late.append(event)
            if late and draw.random() < 0.1:
                self.sent.append(late.popleft())
        self.sent += late
        fresh = self.sent[first:]
        self.kafka.produce(self.topic, [(e["card"].encode(), e, None) for e in fresh])

    def member(self, faults=None, rules=(VELOCITY,), static=False, **more):
        self.members += 1
        process = self.make(name=f"member-{self.members}", faults=faults, static=static, lanes=2,
                            load={"rows": 1000})
        process.script("payments.lua", scripts.topic(self.topic, "payments", fields=FIELDS,
                                                     rules=rules, key='"card"', **more))
        return process

    def log(self):
        """{partition: its events, in the order of offsets}, as Kafka has them"""
        log = collections.defaultdict(list)
        for m in self.kafka.consume(self.topic, sum(self.kafka.ends(self.topic).values())):
            log[m.partition()].append((m.offset(), json.loads(m.value())))
        return {part: sorted(events, key=lambda e: e[0]) for part, events in log.items()}

    def expected(self):
        """{(partition, offset)} of the payments too many: more than LIMIT of a card in a window."""
        found, window = set(), datetime.timedelta(seconds=WINDOW_S)
        for part, events in self.log().items():
            times = collections.defaultdict(list)
            for offset, event in events:
                paid = datetime.datetime.fromisoformat(event["paid_at"])
                known = times[event["card"]]
                bisect.insort(known, paid)
                count = bisect.bisect_right(known, paid) - bisect.bisect_right(known, paid - window)
                if count > LIMIT:
                    found.add((part, offset))
                while known[0] <= known[-1] - window:  # the rule keeps no longer than its window
                    known.pop(0)
        return found

    def tagged(self):
        return set(self.database.rows(
            "SELECT p.part, t._offset FROM payments t JOIN tidegate.partition p ON p.id = t._part"
            " WHERE t._issues IS NOT NULL"))

    def loaded(self):
        """How far the ledger is, over all partitions."""
        try:
            return sum(scripts.chain(self.database, self.topic).values())
        except Exception:  # pylint: disable=broad-except
            return 0

    def until_loaded(self, count, process):
        process.until(lambda: self.loaded() >= count)

    def pause_midway(self, process, seed):
        """Pauses it with some more loaded and others left to load; on a busy machine these may have
        to be sent first."""
        while True:
            before = self.loaded()
            if len(self.sent) - before < 10000:
                self.send(20000, seed)
            self.until_loaded(before + 5000, process)
            process.pause()
            if self.loaded() < len(self.sent):
                return
            process.resume()

    def until_done(self, process):
        process.until(lambda: scripts.done(self.database, self.kafka, self.topic))


@pytest.fixture
def payments(kafka, topic, tidegate, database):
    return Payments(kafka, topic, tidegate, database)


def killed_often(payments, faults=None):
    """Kills the process four times on its way, with something left to load."""
    process = payments.member(faults=faults, static=True)
    for n in range(4):
        process.start(ready=False)
        payments.pause_midway(process, seed=100 + n)
        process.kill9()
    process.start(ready=False)
    payments.until_done(process)


def test_a_rule_remembers_through_kill_9(payments):
    payments.send(60000, seed=1)
    killed_often(payments)
    expected = payments.expected()
    assert len(expected) > 300, "weak: hardly a row is tagged"
    assert payments.tagged() == expected


def test_without_saved_state_the_check_fails(payments):
    """The negative control."""
    payments.send(60000, seed=2)
    killed_often(payments, faults="no.state")
    assert payments.tagged() != payments.expected()


def test_a_rule_remembers_in_commits_of_unknown_outcome(payments):
    payments.send(40000, seed=3)
    process = payments.member(static=True, faults=(
        "pg.after_advance_sent=fail@3,pg.before_advance=fail@6,pg.after_advance_sent=exit@12"))
    process.start(ready=False)
    assert process.wait() == 86
    process.faults = None
    process.start(ready=False)
    payments.until_done(process)
    assert payments.tagged() == payments.expected()


def test_memory_moves_with_its_partition(payments):
    payments.send(60000, seed=4)
    one, two = payments.member(), payments.member()
    one.start(ready=False)
    payments.until_loaded(10000, one)
    two.start(ready=False)
    two.wait_ready()
    two.until(lambda: "partitions assigned" in two.log())
    payments.send(60000, seed=5)
    two.until(lambda: two.metric("kafka_records_consumed_total"))
    payments.until_loaded(70000, two)
    one.stop()
    payments.until_done(two)
    two.stop()
    payments.send(20000, seed=6)
    one.start(ready=False)
    payments.until_done(one)
    assert payments.tagged() == payments.expected()


def test_a_failed_load_is_judged_again_from_what_was_saved(payments):
    """The table is locked for longer than the loader waits: its rows are dropped and read again."""
    payments.send(20000, seed=7)
    process = payments.member()
    process.start(ready=False)
    payments.until_loaded(5000, process)
    with payments.database.server.connect(payments.database.name) as other:
        with other.transaction():
            other.execute("LOCK TABLE payments IN ACCESS EXCLUSIVE MODE")
            payments.send(20000, seed=8)
            process.until(lambda: "waits (table)" in process.log())
    payments.until_done(process)
    assert payments.tagged() == payments.expected()


def test_state_that_cannot_be_read_is_never_replaced_by_an_empty_one(payments):
    payments.send(10000, seed=9)
    process = payments.member(static=True)
    process.start(ready=False)
    payments.until_done(process)
    process.kill9()
    database = payments.database
    part, ident = database.rows("SELECT p.part, p.id FROM tidegate.rule_state s"
                                " JOIN tidegate.partition p ON p.id = s.partition_id LIMIT 1")[0]
    database.execute("UPDATE tidegate.rule_state SET state = 'x' WHERE partition_id = %s", (ident,))
    before = scripts.chain(database, payments.topic)[part]
    payments.send(10000, seed=10)
    process.start(ready=False)
    process.until(lambda: "what its rules remember cannot be read" in process.log())
    ends = payments.kafka.ends(payments.topic)
    process.until(lambda: all(end == ends[p] for p, end in
                              scripts.chain(database, payments.topic).items() if p != part))
    assert scripts.chain(database, payments.topic)[part] == before
    assert f"partition_id = {ident}" in process.log()
    database.execute("DELETE FROM tidegate.rule_state WHERE partition_id = %s", (ident,))
    payments.until_done(process)


def test_a_changed_declaration_begins_anew_and_says_so(payments):
    payments.send(5000, seed=11)
    process = payments.member()
    process.start(ready=False)
    payments.until_done(process)
    process.stop()
    other = payments.member(rules=[VELOCITY.replace(f'"{WINDOW_S}s"', '"61s"')])
    payments.send(1000, seed=12)
    other.start(ready=False)
    payments.until_done(other)
    assert "rule velocity_below begins with an empty state" in other.log()
    eventually(lambda: payments.database.value(
        "SELECT count(*) FROM tidegate.journal WHERE kind = 'state'") > 0)


def test_duplicates_are_dropped_exactly(payments):
    payments.send(40000, seed=13, again=0.2)
    process = payments.member(rules=(), static=True, dedup='{ by = { "id" }, within = "24h" }')
    for part in range(1, 4):
        process.start(ready=False)
        payments.until_loaded(len(payments.sent) * part // 5, process)
        process.kill9()
    process.start(ready=False)
    payments.until_done(process)
    database, doubled = payments.database, len(payments.sent) - 40000
    assert doubled > 5000
    assert database.rows("SELECT count(*), count(DISTINCT id) FROM payments") == [(40000, 40000)]
    first = {}
    for part, events in payments.log().items():
        for offset, event in events:
            first.setdefault(event["id"], (part, offset))
    kept = dict((ident, (part, offset)) for ident, part, offset in database.rows(
        "SELECT t.id, p.part, t._offset FROM payments t JOIN tidegate.partition p ON p.id = _part"))
    assert kept == first
    assert scripts.balance(database, payments.topic)["dropped"] == doubled
    reasons = database.rows("SELECT DISTINCT jsonb_object_keys(drops) FROM tidegate.segment"
                            " WHERE drops IS NOT NULL")
    assert reasons == [("dedup",)]
