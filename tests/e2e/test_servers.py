"""The ground other tests stand on: servers that answer and survive, helpers that are honest."""
import os
import signal

import psycopg
import pytest

from lib import metrics
from lib.kafka import Kafka
from lib.poll import eventually
from lib.postgres import Postgres
from lib.tidegate import Died


def test_a_message_makes_the_round_trip(kafka, topic):
    name = topic(partitions=3)
    places = kafka.produce(name, [(b"k", b"v", [("h", b"x")]), {"a": 1}, None], partition=2)
    assert places == [(2, 0), (2, 1), (2, 2)]
    got = kafka.consume(name, 3)
    assert [(m.key(), m.value(), m.headers()) for m in got] == [
        (b"k", b"v", [("h", b"x")]), (None, b'{"a": 1}', None), (None, None, None)]
    assert kafka.ends(name) == {0: 0, 1: 0, 2: 3}


def test_a_database_answers(database):
    assert database.rows("SELECT 1") == [(1,)]


def test_each_test_has_an_empty_database(database):
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_committed_rows_survive_a_crash_of_postgres():
    server = Postgres(fsync=True)
    try:
        database = server.create("d")
        database.execute("CREATE TABLE t AS SELECT 7 AS n")
        server.immediate()
        with pytest.raises(psycopg.OperationalError):
            database.rows("SELECT 1")
        server.start()
        assert database.rows("SELECT n FROM t") == [(7,)]
    finally:
        server.wipe()
    assert not os.path.exists(server.folder)


def test_messages_survive_kill9_of_the_broker():
    server = Kafka()
    try:
        server.create_topic("t", 1)
        server.produce("t", [b"before"])
        server.kill9()
        server.start()
        server.produce("t", [b"after"])
        assert [m.value() for m in server.consume("t", 2)] == [b"before", b"after"]
    finally:
        server.wipe()
    assert not os.path.exists(server.folder)


def test_a_process_that_dies_shows_its_end(tidegate):
    with pytest.raises(Died, match="exit 1"):
        tidegate(program="/bin/false").start()


def test_a_process_can_be_stopped_in_its_tracks(tidegate, tmp_path):
    program = tmp_path / "sleeper"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    process = tidegate(program=str(program)).start(ready=False)
    process.pause()
    process.resume()
    assert process.rss_peak_bytes() > 0
    assert process.stop() == -signal.SIGTERM
    assert not process.running()


def test_metrics_are_read_as_prometheus_reads_them():
    series = metrics.parse('# HELP a b\na 1\nb{x="1",y="q\\"}, \\n"} 2.5\nb{x="2"} 4 170000\n')
    assert series["b", (("x", "1"), ("y", 'q"}, \n'))] == 2.5
    assert metrics.total(series, "b") == 6.5
    assert metrics.total(series, "b", x=2) == 4
    assert metrics.total(series, "c") is None
    with pytest.raises(ValueError):
        metrics.parse("a{x=1} 2\n")


def test_patience_ends():
    answers = iter([0, 0, 5])
    assert eventually(lambda: next(answers), every=0) == 5
    with pytest.raises(TimeoutError):
        eventually(lambda: False, deadline=0.01, every=0)
    with pytest.raises(AssertionError, match="seen"):
        eventually(_fail, deadline=0.01, every=0)


def _fail():
    raise AssertionError("seen")
