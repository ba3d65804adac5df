"""Fixtures: one Kafka and one PostgreSQL a session; a database, topics and processes per test."""
import itertools
import os
import signal
import sys

import pytest

from lib.kafka import Kafka
from lib.postgres import Postgres
from lib.tidegate import Tidegate

LONG = ("test_calls", "test_demo", "test_exact", "test_logs", "test_members", "test_outputs",
        "test_reloads", "test_servers", "test_sink", "test_state")
serial = itertools.count(1)
# Needs an image: tests/container/run.
collect_ignore = [] if "TIDEGATE_IMAGE" in os.environ else ["test_container.py"]


def pytest_configure(config):
    # Servers are ended by fixtures, which need an exception to unwind them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def pytest_collection_modifyitems(items):
    """Long tests first: workers take one after the other, and end together with short ones."""
    items.sort(key=lambda item: item.module.__name__ not in LONG)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the logs of its processes."""
    report = (yield).get_result()
    if report.failed:
        for process in getattr(item, "processes", []):
            report.sections.append((f"log of {process.folder.name}", process.log()))


@pytest.fixture
def tell(capsys, record_property):
    """Tells a figure: on the terminal and in the JUnit file."""
    def say(name, value):
        record_property(name, value)
        with capsys.disabled():
            print(f"\n  {name}: {value}", end="", flush=True)
    return say


@pytest.fixture(scope="session")
def kafka():
    server = Kafka()
    yield server
    server.wipe()


@pytest.fixture(scope="session")
def postgres():
    server = Postgres(fsync=False)
    yield server
    server.wipe()


@pytest.fixture
def database(postgres):
    """An empty database; gone after the test."""
    made = postgres.create(f"test_{next(serial)}")
    yield made
    made.close()
    postgres.drop(made.name)


@pytest.fixture
def topic(kafka):
    """topic("orders", partitions=4): a new topic with a name of its own; gone after the test."""
    made = []

    def make(name="events", partitions=8, **settings):
        made.append(kafka.create_topic(f"{name}_{next(serial)}", partitions, **settings))
        return made[-1]
    yield make
    for name in made:
        kafka.delete_topic(name)


@pytest.fixture
def tidegate(request, tmp_path, kafka, database):
    """tidegate(): a Tidegate between this session's Kafka and this test's database, not started.
    Keywords: keys of the configuration, and name, faults, program of lib.tidegate.Tidegate; static:
    its lanes are static members: started again after a kill it waits for no session to expire, but
    nobody else gets its partitions when it stops."""
    request.node.processes = made = []
    pipeline = f"e2e-{next(serial)}"  # the group of the test before still waits for its members

    def make(name=None, faults=None, program=None, static=False, **config):
        base = {"pipeline": pipeline,
                "kafka": {"brokers": kafka.bootstrap, "session_timeout": "10s"},
                "postgres": {"dsn": database.dsn},
                "breaker": {"quarantine_percent": 0}}  # many tests send bad rows on purpose
        home = tmp_path / (name or f"tidegate-{len(made) + 1}")
        if static:
            base["kafka"]["instance"] = home.name
        made.append(Tidegate(home, {**base, **config}, faults=faults, program=program))
        return made[-1]
    yield make
    for process in made:
        process.end()
