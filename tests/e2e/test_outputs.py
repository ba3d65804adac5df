"""Kafka outputs: what rows emit goes out exactly once for a read_committed reader, whatever dies
between PostgreSQL's COMMIT and Kafka's."""
import json

import pytest

from lib import scripts
from lib.outputs import Stream, event
from lib.poll import eventually


@pytest.fixture
def stream(kafka, topic, tidegate, database):
    return Stream(kafka, topic, tidegate, database)


def test_what_rows_emit_is_out_once(stream):
    process = stream.process().start(ready=False)
    stream.send(3000)
    stream.until_out(process)
    stream.send(500)
    stream.until_out(process)
    assert stream.wrong() == []
    generation = process.status()["generation"]
    dead = stream.kafka.dump(stream.dead)[0]
    headers = {k: v.decode() for k, v in dead.headers()}
    n = stream.sent[int(headers["__connect.errors.partition"]),
                    int(headers["__connect.errors.offset"])]
    assert json.loads(dead.value()) == event(n)
    assert headers["__connect.errors.topic"] == stream.input
    assert headers["__connect.errors.stage"] == "TRANSFORMATION"
    assert headers["__connect.errors.exception.message"] == "bad name"
    assert headers["tg-generation"] == generation
    big = stream.kafka.dump(stream.big)[0]
    assert big.value().startswith(b'{"id":') and dict(big.headers())["name"]
    outputs = process.status()["outputs"]
    assert outputs["records"] == len(stream.due()) and outputs["lag_records"] == 0
    assert process.metric("outbox_records_total") == len(stream.due())
    assert process.stop() == 0
    relay = stream.database.rows("SELECT DISTINCT relay FROM tidegate.partition")
    assert relay == [("",)], "an orderly stop lets go"


@pytest.mark.parametrize("point", ["relay.before_transaction", "relay.after_produce",
                                   "relay.after_offsets", "relay.after_commit"])
def test_a_death_loses_and_doubles_nothing(stream, point):
    process = stream.process(faults=f"{point}=exit@2", load={"rows": 500})
    process.start(ready=False)
    stream.send(1500)
    eventually(lambda: not process.running() or stream.send(100) or None)
    assert process.process.wait() == 86
    assert stream.pending(), "weak: nothing was on its way"
    before = stream.wrong()
    assert point == "relay.after_commit" or before, "weak: everything was out"
    process.faults = None
    process.start(ready=False)
    stream.until_out(process)
    assert stream.wrong() == []


def test_failed_transactions_are_done_again(stream):
    faults = ("relay.tell=fail@1,relay.produce=fail@1500,relay.before_transaction=fail@1,"
              "relay.after_produce=fail@2,relay.after_offsets=fail@4,relay.after_commit=fail@2")
    process = stream.process(faults=faults, load={"rows": 200}).start(ready=False)
    for _ in range(5):
        stream.send(300)
        stream.until_out(process)
    assert stream.wrong() == []
    assert process.metric("output_producers_recycled_total") == 3
    assert process.metric("output_transactions_total", outcome="failed") == 5
    eventually(lambda: stream.database.value(  # one a row of failures: how many rows, time tells
        "SELECT count(*) FROM tidegate.journal WHERE kind = 'relay'") > 0)


def test_a_commit_of_unknown_outcome_is_read_from_the_offsets(stream):
    """Committed, but its answer was lost; and not committed (relay.after_offsets above)."""
    process = stream.process(faults="relay.commit_lost=fail@1,relay.commit_lost=fail@2",
                             load={"rows": 200}).start(ready=False)
    for _ in range(4):
        stream.send(300)
        stream.until_out(process)
    assert process.metric("output_transactions_total", outcome="failed") == 2
    assert stream.wrong() == []


def test_outputs_of_several_lanes(stream):
    """Each lane's partitions have transactions of their own, and a death in one of them is mended
    by a process whose lanes hold other partitions."""
    process = stream.process(faults="relay.after_offsets=exit@4", lanes=2, session="6s",
                             load={"rows": 200})
    process.start(ready=False)
    process.until(lambda: [lane["reading"] for lane in process.status()["lanes"]] == [1, 1])
    stream.send(1500)
    eventually(lambda: not process.running() or stream.send(100) or None)
    assert process.process.wait() == 86
    assert stream.pending(), "weak: nothing was on its way"
    process.faults = None
    process.config["lanes"] = 1
    process.start(ready=False)
    stream.until_out(process)
    assert stream.wrong() == []


@pytest.mark.parametrize("point", ["relay.after_produce", "relay.after_offsets"])
def test_a_zombie_inside_its_transaction_is_fenced(stream, point):
    """It stops in a Kafka transaction, another process takes over and sends what it had begun; then
    it wakes and goes on."""
    session = {"instance": None, "session": "6s", "load": {"rows": 200}}
    zombie = stream.process(faults=f"{point}=stop@2", **session).start(ready=False)
    stream.send(1000)
    eventually(lambda: zombie.paused() or stream.send(100) or None)
    assert stream.pending(), "weak: nothing was on its way"
    heir = stream.process(**session).start(ready=False)
    stream.send(200)
    stream.until_out(heir)
    assert f"ended what {zombie.config['pipeline']}" in heir.log()
    assert stream.wrong() == []
    zombie.resume()
    zombie.until(lambda: zombie.metric("output_transactions_total", outcome="failed"))
    assert "FENCED" in zombie.log()
    zombie.until(lambda: "partitions lost" in zombie.log())
    stream.send(200)
    stream.until_out(heir)
    assert zombie.running() and stream.wrong() == []


def test_without_the_outbox_a_death_loses_records(stream):
    """The negative control: records that are not committed with the rows are lost."""
    process = stream.process(faults="no.outbox,pg.after_commit=exit@3", load={"rows": 500})
    process.start(ready=False)
    stream.send(1500)
    eventually(lambda: not process.running() or stream.send(100) or None)
    process.faults = None
    process.start(ready=False)
    stream.until_out(process)
    wrong = stream.wrong()
    assert wrong and all(w.endswith("missing") for w in wrong)


def test_a_database_that_went_back_emits_nothing_twice(stream):
    process = stream.process().start(ready=False)
    stream.send(600)
    stream.until_out(process)
    assert process.stop() == 0
    # back to an older state: the last segments, their rows and their records never were
    stream.database.execute("""WITH gone AS (DELETE FROM tidegate.segment s
        WHERE from_offset > (SELECT min(from_offset) FROM tidegate.segment m
                             WHERE m.partition_id = s.partition_id) RETURNING *),
        rows AS (DELETE FROM events e USING gone WHERE _part = gone.partition_id
                 AND _offset >= gone.from_offset AND _offset < gone.to_offset)
        DELETE FROM tidegate.quarantine q USING gone WHERE q.partition_id = gone.partition_id
          AND q."offset" >= gone.from_offset AND q."offset" < gone.to_offset""")
    stream.send(200)
    process.start(ready=False)
    stream.until_out(process)
    assert stream.wrong() == []


def test_a_record_that_is_too_large_quarantines_its_event(stream):
    process = stream.process()
    process.config["kafka"]["output_bytes_max"] = "2KiB"
    process.start(ready=False)
    stream.kafka.produce(stream.input, [{"id": 1, "name": "x" * 3000, "amount": 1},
                                        {"id": 2, "name": "y", "amount": 1}], 0)
    eventually(lambda: scripts.done(stream.database, stream.kafka, stream.input))
    rejected = list(scripts.rejected(stream.database, stream.input).values())
    assert len(rejected) == 1 and "kafka.output_bytes_max is 2048" in rejected[0][2]
    assert stream.database.value("SELECT count(*) FROM events") == 1
