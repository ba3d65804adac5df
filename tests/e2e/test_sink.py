"""A pipeline with sink: kafka, without PostgreSQL: what rows emit, dead letters and the group's
offsets are one Kafka transaction, whatever dies or stands in it."""
import json
import os

import pytest

from lib.outputs import Straight, event
from lib.poll import eventually

POINTS = ["sink.before_transaction", "relay.after_produce", "relay.after_offsets",
          "sink.after_commit"]
ZOMBIES = ["relay.after_produce"]
if os.environ.get("TIDEGATE_E2E_LONG") == "1":
    ZOMBIES.append("relay.after_offsets")  # the heir waits for the broker to end that


@pytest.fixture
def stream(kafka, topic, tidegate):
    return Straight(kafka, topic, tidegate)


def until_dead(stream, process):
    """Sends until it has ended at its fault point."""
    eventually(lambda: not process.running() or stream.send(100) or None)
    assert process.process.wait() == 86


def test_what_rows_emit_is_out_once(stream):
    process = stream.process(lanes=2)
    process.config["kafka"]["on_gap"] = "skip"
    process.start()
    stream.send(3000)
    stream.until_out(process)
    assert stream.wrong() == []
    assert process.metric("output_records_total") == len(stream.due())
    dead = stream.kafka.dump(stream.dead)[0]
    headers = {k: v.decode() for k, v in dead.headers()}
    n = stream.sent[int(headers["__connect.errors.partition"]),
                    int(headers["__connect.errors.offset"])]
    assert json.loads(dead.value()) == event(n)
    assert headers["tg-generation"] == process.status()["generation"]
    code, _, why = process.command("quarantine", "list")
    assert code == 78 and "keeps nothing in PostgreSQL" in why
    code, text, _ = process.command("status")
    assert code == 0 and "healthy" in text, text
    assert process.stop() == 0
    jump_over(stream, process)


def jump_over(stream, process):
    """What is deleted while it is away."""
    read = stream.kafka.ends(stream.input)[0]
    stream.send(100)
    stream.kafka.delete_records(stream.input, 0, read + 20)
    process.start(ready=False)
    stream.until_out(process)
    assert "were deleted before they were read; skipped" in process.log()
    for offset in range(read, read + 20):
        del stream.sent[0, offset]
    assert stream.wrong() == []


def test_a_death_at_each_point_loses_and_doubles_nothing(stream):
    process = stream.process(faults="-", load={"rows": 200})
    for point in POINTS:
        process.faults = f"{point}=exit@2"
        process.start(ready=False)
        until_dead(stream, process)
    process.faults = None
    process.start(ready=False)
    stream.until_out(process)
    assert stream.wrong() == []


def test_failed_and_unknown_transactions_are_found_out(stream):
    """Some were committed although nobody heard it, some were not; the first one took too long,
    twice."""
    faults = ["sink.before_transaction=fail", "relay.after_produce=fail", "sink.late=fail",
              "relay.after_produce=fail", "sink.late=fail", "relay.produce=fail@600",
              "relay.after_offsets=fail@3", "relay.commit_lost=fail@2", "sink.after_commit=fail@2"]
    process = stream.process(faults=",".join(faults), load={"rows": 100}).start(ready=False)
    stream.send(1200)
    stream.until_out(process)
    assert stream.wrong() == []
    assert "rows took longer than a Kafka transaction may; loads of" in process.log()
    assert process.metric("output_transactions_total", outcome="failed") == 6
    assert process.metric("output_producers_recycled_total") == 5


@pytest.mark.parametrize("point", ZOMBIES)
def test_a_zombie_inside_its_transaction_doubles_nothing(stream, point):
    """It stops in its transaction, the group gives its partitions to another process, it wakes and
    goes on: what it had produced is refused, or was committed before the heir looked. Then it
    shares the work, and has all of it when the heir leaves."""
    session = {"instance": None, "session": "6s", "load": {"rows": 200}}
    zombie = stream.process(faults=f"{point}=stop@2", **session).start(ready=False)
    stream.send(1000)
    eventually(lambda: zombie.paused() or stream.send(100) or None)
    heir = stream.process(**session).start(ready=False)
    heir.until(lambda: heir.metric("kafka_rebalances_total"))
    if point == "relay.after_produce":
        stream.until_out(heir)
    zombie.resume()
    zombie.until(lambda: "partitions lost" in zombie.log())
    if point == "relay.after_produce":
        assert zombie.metric("output_transactions_total", outcome="failed"), "it was refused"
    eventually(lambda: stream.send(100) or
               [p.status()["lanes"][0]["reading"] for p in (zombie, heir)] == [1, 1])
    assert heir.stop() == 0
    stream.send(300)
    stream.until_out(zombie)
    assert stream.wrong() == []


def test_check_asks_for_the_topics(stream):
    process = stream.process()
    assert process.command("check", "--connect")[0] == 0
    stream.big = "nowhere"
    stream.write(process, table="events")
    code, _, faults = process.command("check", "--connect")
    assert code == 78 and "keeps nothing in PostgreSQL; take it out" in faults
    stream.write(process)
    code, _, faults = process.command("check", "--connect")
    assert code == 78 and "nowhere: there is no such topic" in faults


def test_without_the_transaction_a_death_doubles_records(stream):
    """The negative control: offsets that are committed after the records."""
    process = stream.process(faults="no.sink_transaction,sink.between=exit@2", load={"rows": 200})
    process.start(ready=False)
    until_dead(stream, process)
    process.faults = None
    process.start(ready=False)
    stream.until_out(process)
    wrong = stream.wrong()
    assert wrong and all(w.endswith("twice") for w in wrong)
