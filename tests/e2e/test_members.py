"""Members of a group come and go: how long their partitions stand still, with the default session
timeout of 45 s. The common cases do not wait for it: an orderly stop leaves the group, a static
member comes back under its name."""
import os
import time

import pytest
from confluent_kafka import Consumer

from lib import scripts
from lib.poll import PATIENCE_S, eventually

SESSION_S = 45  # kafka.session_timeout when it is not set
AT_ONCE_S = SESSION_S - 5  # nobody waited for it, even on a busy machine
LONG = os.environ.get("TIDEGATE_E2E_LONG") == "1"


class Group:
    """Members of one lane each over a topic of 4 partitions."""

    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.database, self.make = kafka, database, tidegate
        self.topic = topic("members", partitions=4)
        self.count = 0

    def member(self, session="45s", **settings):
        process = self.make(lanes=1)
        process.config["kafka"].update(session_timeout=session, **settings)
        process.script("events.lua", scripts.topic(self.topic, "events"))
        return process

    def feed(self):
        """An event for each partition."""
        for partition in range(4):
            self.kafka.produce(self.topic, [{"id": self.count}], partition=partition)
            self.count += 1

    def loads_all(self, process, deadline=PATIENCE_S):
        """Seconds until everything is loaded, an event of each partition among it."""
        began = time.monotonic()
        self.feed()
        process.until(lambda: scripts.done(self.database, self.kafka, self.topic), deadline)
        assert self.database.value("SELECT count(*) FROM events") == self.count
        return time.monotonic() - began

    def pair(self, **settings):
        """Two members that hold two partitions each."""
        both = [self.member(**settings).start(ready=False) for _ in range(2)]
        eventually(lambda: [p.status()["lanes"][0]["reading"] for p in both] == [2, 2])
        self.loads_all(both[0])
        return both


@pytest.fixture
def group(kafka, topic, tidegate, database):
    return Group(kafka, topic, tidegate, database)


def test_partitions_of_a_stopped_member_move_at_once(group, record_property):
    stays, leaves = group.pair()
    assert leaves.stop() == 0
    seconds = group.loads_all(stays, AT_ONCE_S)
    record_property("taken over after s", seconds)


@pytest.mark.parametrize("session_s", [6, 10] if LONG else [6])
def test_partitions_of_a_dead_member_move_after_the_session(group, session_s, record_property):
    stays, dies = group.pair(session=f"{session_s}s")
    dies.kill9()
    seconds = group.loads_all(stays, session_s + 10 if LONG else PATIENCE_S)
    record_property("taken over after s", seconds)
    print(f"session {session_s} s: taken over after {seconds:.1f} s")


def test_a_static_member_comes_back_at_once(group, record_property):
    """Neither the others nor itself wait for the session: nothing is divided anew."""
    first, second = (group.member(instance=name).start(ready=False) for name in ("a", "b"))
    eventually(lambda: [p.status()["lanes"][0]["reading"] for p in (first, second)] == [2, 2])
    before = second.log().count("partitions assigned")
    first.kill9()
    first.start(ready=False)
    seconds = group.loads_all(first, AT_ONCE_S)
    assert second.log().count("partitions assigned") == before
    record_property("back after s", seconds)
    assert first.stop() == 0 and second.running()
    first.start(ready=False)
    group.loads_all(first, AT_ONCE_S)
    assert second.log().count("partitions assigned") == before


class Namesake:
    """A member of the group, of another client, under the name of one of ours; it takes the name
    away by joining, and stops there without a word."""

    def __init__(self, member, topic):
        self.member = Consumer({
            "bootstrap.servers": member.config["kafka"]["brokers"], "log_level": 0,
            "group.id": member.config["pipeline"], "enable.auto.commit": False,
            "group.instance.id": f"{member.config['kafka']['instance']}-0",
            "session.timeout.ms": 45000, "partition.assignment.strategy": "range,roundrobin"})
        self.member.subscribe([topic], on_assign=lambda *_: self.parts.append(1))
        self.parts = []

    def joined(self):
        self.member.poll(0.1)
        return self.parts


def test_a_member_whose_name_was_taken_takes_it_back(group):
    """Once: as after a request of its own that the broker read late."""
    first = group.member(instance="a").start(ready=False)
    group.loads_all(first)
    other = Namesake(first, group.topic)
    eventually(other.joined)
    first.until(lambda: "the name is taken back" in first.log())
    other.member.close()
    group.loads_all(first)
    assert first.log().count("the name is taken back") == 1


def test_of_two_processes_of_one_name_one_ends(group):
    """Each takes the name back once; who has lost it twice says why and ends."""
    first = group.member(instance="a").start(ready=False)
    group.loads_all(first)
    second = group.member(instance="a").start(ready=False)
    assert first.wait() != 0
    assert "kafka.instance: 'a' is the name of another process, too" in first.log()
    group.loads_all(second)
