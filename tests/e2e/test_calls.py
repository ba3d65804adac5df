"""Every call of libpq, of librdkafka and of the allocator fails once from every place it is made
from, on the way of events into PostgreSQL and of records out to Kafka, and from Kafka to Kafka
(`sink: kafka`): the process goes on, or ends and says why; in the end everything is there once
(tests/faults/calls.h).

The short form takes a part of the places; TIDEGATE_E2E_LONG=1 takes all, which is minutes."""
import os
import signal

import pytest

from lib.outputs import Straight, Stream
from lib.poll import PATIENCE_S, eventually
from lib.tidegate import PROGRAM_FAULTS

LONG = os.environ.get("TIDEGATE_E2E_LONG") == "1"


class Walk:
    """Rounds of: start, send, until all is out, stop; until nothing fails for the first time."""

    def __init__(self, stream, seen):
        self.stream, self.seen, self.ends = stream, seen, 0
        self.process = stream.process(program=PROGRAM_FAULTS, load={"rows": 500})

    def failed(self):
        """The calls that failed so far."""
        return self.seen.read_text().splitlines() if self.seen.exists() else []

    def alive(self):
        """Starts the process when it has ended, which must have been in order."""
        if self.process.running():
            return True
        if self.process.process:
            self.ends += 1
            code, log = self.process.process.returncode, self.process.log()
            assert code > 0, f"ended by signal or without an error ({code}): {self.failed()[-1:]}"
            assert "error" in log.lower(), f"it did not say why: {self.failed()[-1:]}"
        self.process.start(ready=False)
        return True

    def all_out(self):
        try:
            self.stream.until_out(self.process, deadline=2)
            return True
        except (RuntimeError, TimeoutError):
            return False

    def round(self):
        self.stream.send(200)
        eventually(lambda: self.alive() and self.all_out(), deadline=3 * PATIENCE_S)
        self.process.signal(signal.SIGTERM)
        code = self.process.wait()
        assert code >= 0, f"a stop ended by signal {-code}: {self.failed()[-3:]}"
        self.process.process = None

    def all(self):
        before = -1
        while before != len(self.failed()):
            before = len(self.failed())
            self.round()


@pytest.fixture
def walk_all(tmp_path, monkeypatch, tell):
    """Lets calls of a kind fail on the way of a stream; the short form in one of `parts` places."""
    def walk_all(stream, kind, parts):
        seen = tmp_path / "seen"
        monkeypatch.setenv("TG_FAULT_CALLS", kind if LONG else f"{kind}/{parts}+0")
        monkeypatch.setenv("TG_FAULT_CALLS_SEEN", str(seen))
        walk = Walk(stream, seen)
        walk.all()
        names = sorted({line.split()[1] for line in walk.failed()})
        tell("calls that failed", f"{len(walk.failed())} of {len(names)} functions; "
             f"the process ended {walk.ends} times")
        assert walk.failed(), "weak: nothing failed"
        assert walk.stream.wrong() == []
    return walk_all


@pytest.mark.parametrize("kind, parts", [("pg", 25), ("kafka", 5), ("alloc", 60)])
def test_each_call_fails_once(kafka, topic, tidegate, database, walk_all, kind, parts):
    walk_all(Stream(kafka, topic, tidegate, database), kind, parts)


@pytest.mark.parametrize("kind, parts", [("kafka", 5), ("alloc", 60)])
def test_each_call_fails_once_without_postgresql(kafka, topic, tidegate, walk_all, kind, parts):
    walk_all(Straight(kafka, topic, tidegate), kind, parts)
