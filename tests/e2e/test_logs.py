"""Topics whose log is not what it was: deleted and made anew, cut by retention, compacted, grown,
written by transactions. What was loaded is never loaded again, what is skipped is noted, and what
cannot be told is left to a person."""
import collections
import json

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import NewPartitions

from lib import scripts
from lib.poll import eventually


class Log:
    """One topic of events with ids, loaded by a process of one lane."""

    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.database, self.make_topic = kafka, database, topic
        self.process = tidegate(lanes=1)
        self.topic = None

    def made(self, partitions=1, **settings):
        self.topic = self.make_topic("log", partitions=partitions, **settings)
        self.process.script("events.lua", scripts.topic(self.topic, "events"))
        return self

    def send(self, ids, partition=0, **config):
        return self.kafka.produce(self.topic, [{"id": i} for i in ids], partition, **config)

    def until_done(self):
        self.process.until(lambda: scripts.done(self.database, self.kafka, self.topic))

    def loads(self, ids):
        """Sends these, starts, and stops when they are loaded."""
        self.send(ids)
        self.process.start(ready=False)
        self.until_done()
        assert self.process.stop() == 0

    def ids(self):
        return [row[0] for row in self.database.rows("SELECT id FROM events ORDER BY id")]

    def all_ends(self):
        """{} while a partition has no leader yet"""
        try:
            return self.kafka.ends(self.topic)
        except KafkaException:
            return {}

    def made_anew(self):
        self.kafka.delete_topic(self.topic)
        eventually(lambda: self.topic not in self.kafka.admin().list_topics(timeout=60).topics)
        self.kafka.create_topic(self.topic, 1)

    def delete_before(self, offset):
        """As retention does."""
        assert self.kafka.delete_records(self.topic, 0, offset) == offset

    def halts(self, *parts):
        """Waits until the partition halts and says so in the log and in the journal."""
        self.process.until(lambda: self.halt())
        for part in parts:
            assert part in self.halt(), self.halt()
        status, text = self.process.http("/readyz")
        assert status == 503 and "halted" in text, text
        assert self.process.metric("kafka_partitions_halted") == 1
        assert self.process.http("/livez")[0] == 200

    def halt(self):
        rows = self.database.rows("SELECT message FROM tidegate.journal WHERE kind = 'halt'"
                                  " ORDER BY id DESC LIMIT 1")
        return rows[0][0] if rows else None

    def gaps(self):
        return self.database.rows("SELECT from_offset, to_offset FROM tidegate.gap")

    def restart(self):
        code, out, err = self.process.command("partitions", "restart", self.topic, "--yes")
        assert code == 0, (out, err)


@pytest.fixture
def log(kafka, topic, tidegate, database):
    return Log(kafka, topic, tidegate, database)


# --- another log under the same name

@pytest.mark.parametrize("again", [50, 100, 300], ids="{} records again".format)
def test_a_topic_made_anew_is_not_taken_for_the_old_one(log, again):
    """Shorter, as long, longer: the first of the new records are never skipped."""
    log.made().loads(range(100))
    log.made_anew()
    log.send(range(1000, 1000 + again))
    log.process.start(ready=False)
    log.halts(f"{log.topic}[0]", "100", f"tidegate partitions restart {log.topic} 0 --yes")
    assert log.ids() == [*range(100)]
    assert scripts.chain(log.database, log.topic) == {0: 100}
    log.restart()
    log.process.until(lambda: len(log.ids()) == 100 + again)  # without a restart of the process
    assert log.ids() == [*range(100), *range(1000, 1000 + again)]
    rows = log.database.rows("SELECT incarnation, next_offset FROM tidegate.chain WHERE topic = %s"
                             " ORDER BY incarnation", (log.topic,))
    assert rows == [(1, 100), (2, again)]
    assert log.gaps() == []


def test_the_same_events_sent_again_are_another_log(log):
    """Same keys and values, other times."""
    log.made().loads(range(100))
    log.made_anew()
    log.send(range(200))
    log.process.start(ready=False)
    log.halts("is not what was loaded")
    assert log.ids() == [*range(100)]


@pytest.mark.parametrize("again", [50, 300], ids="{} records again".format)
def test_a_topic_made_anew_while_it_is_read(log, again):
    log.made().send(range(100))
    log.process.start()
    log.until_done()
    log.kafka.delete_topic(log.topic)
    # newer versions of librdkafka give the partition back at once
    log.process.until(lambda: "stops at offset 100" in log.process.log()
                      or "partitions revoked" in log.process.log())
    log.kafka.create_topic(log.topic, 1)
    log.send(range(1000, 1000 + again))
    log.halts(f"tidegate partitions restart {log.topic} 0 --yes")
    assert log.ids() == [*range(100)]
    log.restart()
    log.process.until(lambda: len(log.ids()) == 100 + again)


def test_a_new_beginning_may_be_where_the_old_chain_ended(log):
    log.made().loads(range(100))
    log.made_anew()
    log.send(range(1000, 1300))
    log.process.start(ready=False)
    log.halts("is not what was loaded")
    log.delete_before(100)
    log.restart()
    log.process.until(lambda: len(log.ids()) == 300)
    assert log.ids() == [*range(100), *range(1100, 1300)]


def test_the_same_log_goes_on(log):
    """The other side: restarts, empty partitions and new records are no reason to halt."""
    log.made(partitions=2).loads(range(100))
    for first in (100, 200):
        log.loads(range(first, first + 10))
    assert len(log.ids()) == 120 and log.halt() is None
    log.process.start()  # nothing new since
    log.send([1000], partition=1)
    log.until_done()
    assert log.halt() is None


# --- records that are gone

def test_records_deleted_before_they_were_read_halt_their_partition(log):
    log.made(partitions=2).loads(range(100))
    log.send(range(100, 300))
    log.delete_before(250)
    log.send([7], partition=1)
    log.process.start(ready=False)
    log.halts(f"{log.topic}[0]", "100 to 249", "kafka.on_gap: skip")
    log.process.until(lambda: scripts.chain(log.database, log.topic)[1] == 1)  # the other goes on
    assert scripts.chain(log.database, log.topic)[0] == 100 and log.gaps() == []
    assert log.process.stop() == 0

    log.process.config["kafka"]["on_gap"] = "skip"
    log.process.start(ready=False)
    log.until_done()
    assert log.ids() == sorted([7, *range(100), *range(250, 300)])
    assert log.gaps() == [(100, 250)]
    assert log.database.value("SELECT count(*) FROM tidegate.journal WHERE kind = 'gap'") == 1
    assert log.database.rows("SELECT from_offset, to_offset, n_in FROM tidegate.segment s"
                             " WHERE from_offset = 100") == [(100, 250, 0)]


def test_everything_deleted_is_a_gap_too(log):
    """Nothing was sent since: the log begins at its end."""
    log.made().loads(range(100))
    log.send(range(100, 300))
    log.delete_before(300)
    log.process.config["kafka"]["on_gap"] = "skip"
    log.process.start(ready=False)
    log.until_done()
    assert log.gaps() == [(100, 300)]
    log.send([300])
    log.until_done()
    assert log.ids() == [*range(100), 300]


def test_what_was_loaded_may_be_deleted(log):
    """Retention took the record of the seam: nothing is missing."""
    log.made().loads(range(100))
    log.delete_before(100)
    log.send(range(100, 110))
    log.process.start(ready=False)
    log.until_done()
    assert log.ids() == [*range(110)] and log.halt() is None and log.gaps() == []


def test_going_backwards_is_never_skipped(log):
    log.made().loads(range(100))
    log.made_anew()
    log.send(range(50))
    log.process.config["kafka"]["on_gap"] = "skip"
    log.process.start(ready=False)
    log.halts("ends at 50, before what was loaded")
    assert log.ids() == [*range(100)] and log.gaps() == []


# --- topics that grow, compact, commit

def test_a_partition_added_while_running_is_read_from_its_beginning(log):
    log.made(partitions=1).send(range(100))
    log.process.start()
    log.until_done()
    admin = log.kafka.admin()
    admin.create_partitions([NewPartitions(log.topic, 3)])[log.topic].result(30)
    eventually(lambda: sorted(log.all_ends()) == [0, 1, 2])
    for partition in range(3):
        log.send(range(1000 * partition + 100, 1000 * partition + 200), partition)
    log.until_done()  # noticed at the next refresh of metadata
    assert log.ids() == [*range(200), *range(1100, 1200), *range(2100, 2200)]
    assert set(scripts.chain(log.database, log.topic)) == {0, 1, 2}


def test_aborted_records_are_not_loaded_and_the_chain_passes_them(log):
    log.made(partitions=2)
    producer = Producer({"bootstrap.servers": log.kafka.bootstrap, "transactional.id": log.topic})
    producer.init_transactions(30)
    committed = []
    for n in range(40):
        producer.begin_transaction()
        for i in range(10):
            producer.produce(log.topic, json.dumps({"id": 10 * n + i}), partition=i % 2)
        producer.flush(30)  # else there is nothing to abort
        if n % 4 == 0 or n > 36:
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)
            committed += range(10 * n, 10 * n + 10)
        if n == 20:
            log.process.start(ready=False)
    log.until_done()
    assert log.ids() == committed
    assert log.process.stop() == 0
    log.send([5000])  # the seam is before the last transactions, which were aborted
    log.process.start(ready=False)
    log.until_done()
    assert log.ids() == [*committed, 5000] and log.halt() is None


# --- what threatens: open transactions of others, retention

def of_a_partition(log, name, partition=0):
    return log.process.metric(name, topic=log.topic, partition=partition)


def test_an_open_transaction_of_another_producer_shows_as_a_stall(log):
    """Committed ones beside it do not hide it, and the other partition shows nothing."""
    def producer(name):
        made = Producer({"bootstrap.servers": log.kafka.bootstrap, "transactional.id": name,
                         "transaction.timeout.ms": 600000})
        made.init_transactions(30)
        return made

    def transaction(of, first, *partitions):
        of.begin_transaction()
        for partition in partitions:
            for i in range(first, first + 10):
                of.produce(log.topic, json.dumps({"id": 100 * partition + i}), partition=partition)
        of.flush(30)
    log.made(partitions=2)
    quick, hanging = producer(f"{log.topic}-quick"), producer(f"{log.topic}-hanging")
    transaction(quick, 0, 0, 1)
    quick.commit_transaction(30)
    transaction(hanging, 10, 0)
    transaction(quick, 20, 0, 1)
    quick.commit_transaction(30)
    log.process.start(ready=False)
    log.process.until(lambda: of_a_partition(log, "kafka_last_stable_offset_stalled_seconds"))
    # ten open, ten committed and the mark of their transaction, which brokers may write again
    log.process.until(lambda: of_a_partition(log, "kafka_last_stable_offset_lag_records") >= 21)
    log.process.until(lambda: len(log.ids()) == 30)
    log.process.until(lambda: of_a_partition(log, "kafka_consumer_lag_records") ==
                      of_a_partition(log, "kafka_last_stable_offset_lag_records"))
    for name in ("lag_records", "stalled_seconds"):
        assert of_a_partition(log, f"kafka_last_stable_offset_{name}", 1) == 0
    hanging.abort_transaction(30)
    log.until_done()
    assert log.ids() == [*range(10), *range(20, 30), *range(100, 110), *range(120, 130)]
    log.process.until(lambda: of_a_partition(log, "kafka_last_stable_offset_lag_records") == 0)
    assert of_a_partition(log, "kafka_last_stable_offset_stalled_seconds") == 0


def test_retention_that_comes_near_shows_in_lead_and_unread_share(log):
    """A topic that waits for its table: nothing is read while the log's beginning moves on."""
    def shows(lead, unread):
        return (of_a_partition(log, "kafka_consumer_lead_records") == lead
                and of_a_partition(log, "kafka_consumer_unread_ratio") == unread)
    log.made().send(range(100))
    log.process.start()
    log.until_done()
    log.process.until(lambda: shows(100, 0))
    log.database.execute("DROP TABLE events; CREATE TABLE events (id text)")
    log.send(range(100, 200))
    log.process.until(lambda: log.process.http("/readyz")[0] == 503)
    log.process.until(lambda: shows(100, 0.5))
    log.delete_before(90)
    log.process.until(lambda: shows(10, 100 / 110))
    log.delete_before(150)  # more than it has read
    log.process.until(lambda: shows(-50, 1))


def test_a_compacted_topic_is_loaded_as_it_is_read(log):
    """Records vanish between two reads, that of the seam among them; the rest is exact."""
    log.made(cleanup_policy="compact", segment_ms=100, min_cleanable_dirty_ratio=0.001,
             max_compaction_lag_ms=100)

    def send(ids):
        log.kafka.produce(log.topic, [(b"k%d" % (i % 7), json.dumps({"id": i}).encode(), None)
                                      for i in ids], 0)

    def survivors():
        return [json.loads(m.value())["id"] for m in log.kafka.dump(log.topic)]
    send(range(300))
    log.process.start(ready=False)
    log.until_done()
    assert log.process.stop() == 0
    first = log.ids()
    assert set(range(293, 300)) <= set(first)  # the last of each key is never taken away
    send(range(300, 600))
    eventually(lambda: send([600]) or min(survivors()) > 300, every=1)  # rolls the segment
    log.process.start(ready=False)
    log.until_done()
    assert log.process.stop() == 0
    later = collections.Counter(log.ids()) - collections.Counter(first)
    assert set(survivors()) <= set(later) <= set(range(300, 601))
    assert all(n == 1 for i, n in later.items() if i != 600)
    assert log.halt() is None and log.gaps() == []
