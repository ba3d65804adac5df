"""Data on which the process itself dies: found by halving what is tried alone, and put into the
quarantine unseen; everything else is loaded once."""
import os

import pytest

from lib import scripts
from lib.poll import eventually
from lib.tidegate import PROGRAM_FAULTS

PARTITIONS = 3
DEATHS_MAX = 20  # of one record: 2 at large, 1 for each factor of 64, 2 alone
LONG = os.environ.get("TIDEGATE_E2E_LONG") == "1"


class Input:
    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.database = kafka, database
        self.topic = topic("deadly", partitions=PARTITIONS)
        self.process = tidegate(static=True, lanes=2, program=PROGRAM_FAULTS)
        self.process.script("events.lua", scripts.topic(self.topic, "events"))
        self.sent = set()

    def send(self, count, deadly=frozenset()):
        """deadly: {(partition, n-th)}"""
        for partition in range(PARTITIONS):
            events = [{"id": 100000 * partition + n, "name": "lane.poison"
                       if (partition, n) in deadly else "fine"} for n in range(count)]
            self.kafka.produce(self.topic, events, partition)
            self.sent |= {e["id"] for e in events if e["name"] == "fine"}

    def done(self):
        return scripts.done(self.database, self.kafka, self.topic)

    def run(self, faults):
        """Starts it until all is done; how often it died."""
        deaths = 0
        self.process.faults = faults
        self.process.start(ready=False)
        while True:
            eventually(lambda: not self.process.running() or self.done())
            if self.process.running():
                return deaths
            assert self.process.process.returncode == 86, self.process.log()
            deaths += 1
            assert deaths <= DEATHS_MAX * 2, self.process.log()
            self.process.start(ready=False)

    def exact(self):
        rows = [row[0] for row in self.database.rows("SELECT id FROM events")]
        assert len(rows) == len(self.sent) and set(rows) == self.sent


@pytest.fixture
def data(kafka, topic, tidegate, database):
    return Input(kafka, topic, tidegate, database)


@pytest.mark.parametrize("deadly", [{(2, 1234)}, {(0, 1234), (2, 17)}][:1 + LONG], ids=len)
def test_records_that_end_the_process_are_quarantined(data, deadly):
    """And only these."""
    data.send(2000, deadly)
    deaths = data.run("lane.poison=exit")
    print(f"{deaths} deaths")
    rejected = scripts.rejected(data.database, data.topic)
    assert set(rejected) == deadly
    for stage, field, reason in rejected.values():
        assert (stage, field) == ("decode", None) and "ended twice with this record alone" in reason
    payload = data.database.value("SELECT convert_from(value, 'UTF8') FROM tidegate.rejected"
                                  " WHERE part = 2")
    assert "lane.poison" in payload  # to be looked at, and replayed by a version that can
    data.exact()
    eventually(lambda: data.database.value(
        "SELECT count(*) FROM tidegate.journal WHERE kind = 'crash'") == len(deadly))


def test_deaths_for_other_reasons_cost_no_record(data):
    """Killed at any moment, also while records are tried alone."""
    data.send(500)
    for n in (1, 2, 3, 4):
        data.process.faults = f"lane.step=exit@{8 * n}"
        data.process.start(ready=False)
        assert data.process.wait() == 86
    assert data.run(None) == 0
    assert scripts.rejected(data.database, data.topic) == {}
    data.exact()
