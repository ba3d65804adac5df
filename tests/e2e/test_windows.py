"""Measures over windows of Kafka time and timers: merged over lanes and processes, judged once,
whatever dies in between."""
import pytest

from lib import scripts

MINUTE = 60000
BASE = 1767225600000  # 2026-01-01T00:00:00Z, in milliseconds

SUM = """return {
  doc = "The sum of a window is as expected.", params = { "column column", "value number" },
  over = "1m",
  measure = function(b, p) return b[p.column]:sum() end,
  judge = function(m, p) return m.value == p.value, m.value end,
}
"""

COUNTED = """return {
  doc = "Counts its windows.", over = "1m",
  measure = function(b) return b:count() end,
  judge = function(m, p, s)
    local n = (s:get() or 0) + 1
    s:set(n)
    return false, n
  end,
}
"""

SILENT = """return {
  doc = "Events come.", every = "1s", params = { "max_silence integer" },
  judge = function(m, p, s, t)
    if not t.newest then return "skip" end
    return t.now - t.newest <= p.max_silence, (t.now - t.newest) // 1000000
  end,
}
"""


class Stream:
    """A topic of amounts with Kafka timestamps of our own, and the processes that load it."""

    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.make, self.database = kafka, tidegate, database
        self.topic = topic("windows", partitions=4)
        self.processes = []
        self.sent = 0

    def process(self, rules, rule_files, faults=None, **config):
        p = self.make(lanes=1, faults=faults, **config)
        for name, text in rule_files.items():
            p.rule(name, text)
        p.script("windows.lua", scripts.topic(self.topic, "windows", rules=rules))
        self.processes.append(p)
        return p

    def send(self, minute, amounts, partition):
        rows = [{"id": self.sent + i, "amount": a} for i, a in enumerate(amounts)]
        self.sent += len(rows)
        self.kafka.produce_at(self.topic, rows, partition, BASE + minute * MINUTE)

    def close(self, minute):
        """An event in every partition at that minute: what is older is over."""
        for partition in range(4):
            self.send(minute, [0], partition)

    def loaded(self):
        return scripts.done(self.database, self.kafka, self.topic)

    def looked(self, p):
        """Waits until the keeper has looked twice more."""
        before = p.metric("window_looks_total") or 0
        p.until(lambda: (p.metric("window_looks_total") or 0) >= before + 2)

    def said(self):
        """What rules said, in order."""
        rows = self.database.rows("SELECT message FROM tidegate.journal WHERE kind = 'rule'"
                                  " ORDER BY id")
        return [row[0] for row in rows]


@pytest.fixture
def stream(kafka, topic, tidegate, database):
    return Stream(kafka, topic, tidegate, database)


def test_a_window_is_judged_once_over_all_partitions(stream):
    p = stream.process(['total { "amount", 100 }'], {"total.lua": SUM}).start()
    stream.send(0, [10] * 5, 0)
    stream.send(0, [10] * 5, 1)
    stream.send(1, [1], 2)
    stream.close(2)
    p.until(lambda: stream.said())
    assert [m for m in stream.said() if "00:00:00" in m] == []  # 100: as expected
    assert len([m for m in stream.said() if "00:01:00" in m]) == 1
    assert '"observed":1' in stream.said()[0]
    p.until(lambda: stream.database.rows(  # what is left, of one load or of several
        "SELECT DISTINCT start_us FROM tidegate.summary") == [((BASE + 2 * MINUTE) * 1000,)])
    assert stream.database.value(
        "SELECT closed_us FROM tidegate.window") == (BASE + 2 * MINUTE) * 1000


def test_nothing_is_judged_before_the_slowest_partition_has_passed(stream):
    p = stream.process(['total { "amount", 100 }'], {"total.lua": SUM}).start()
    stream.send(0, [7], 0)
    for partition in (0, 1, 2):
        stream.send(5, [0], partition)
    stream.send(0, [1], 3)  # still in the first minute
    p.until(stream.loaded)
    stream.looked(p)
    assert p.metric("windows_judged_total") == 0
    assert stream.said() == []
    stream.send(5, [0], 3)
    p.until(lambda: stream.said())
    assert '"observed":8' in stream.said()[0]


def test_two_processes_measure_and_one_judges(stream):
    a = stream.process(['total { "amount", 0 }'], {"total.lua": SUM}).start()
    b = stream.process(['total { "amount", 0 }'], {"total.lua": SUM}).start()
    a.until(lambda: a.status()["lanes"][0]["reading"] == 2
            and b.status()["lanes"][0]["reading"] == 2)
    for partition in range(4):
        stream.send(0, [1, 2, 3], partition)
    stream.close(1)
    a.until(lambda: stream.said())
    a.until(stream.loaded)
    assert len(stream.said()) == 1, stream.said()
    assert '"observed":24' in stream.said()[0]


def test_kill_9_neither_loses_nor_doubles_what_was_measured(stream):
    """State counts windows: after kills it has counted each once."""
    p = stream.process(["counted {}"], {"counted.lua": COUNTED}, static=True)
    for minute in range(10):
        stream.send(minute, [1] * 50, minute % 4)
        if minute in (2, 4, 7):
            stream.close(minute)
            p.start()
            p.until(lambda: len(stream.said()) >= minute)
            p.kill9()
    stream.close(10)
    p.start()
    p.until(lambda: len(stream.said()) >= 10)
    p.until(stream.loaded)
    observed = [m.rsplit('"observed":', 1)[1] for m in stream.said()]
    assert observed == [f"{n}}}" for n in range(1, 11)]


def test_what_came_while_nobody_read_is_in_its_window(stream):
    """A topic that nobody reads is not idle: its windows wait for what is in Kafka."""
    p = stream.process(['total { "amount", 0 }'], {"total.lua": SUM}).start()
    stream.close(0)
    p.until(stream.loaded)
    assert p.stop() == 0
    stream.database.execute("UPDATE tidegate.segment SET committed_at = now() - interval '1 hour'")
    stream.send(1, [3, 4], 0)
    stream.close(2)
    p.start()
    p.until(lambda: stream.said())
    assert '"observed":7' in stream.said()[0] and "00:01:00" in stream.said()[0]
    assert p.metric("window_late_total") == 0


def test_critical_of_a_window_opens_the_breaker_for_later_loads(stream):
    p = stream.process(['total { "amount", 100, critical = 1 }'], {"total.lua": SUM}).start()
    stream.send(0, [1], 0)
    stream.close(1)
    p.until(lambda: p.status()["topics"][0]["breaker"] == "open")
    assert stream.database.value("SELECT state FROM tidegate.breaker") == "open"
    assert "total(amount)" in stream.database.value("SELECT reason FROM tidegate.breaker")
    before = stream.database.value("SELECT count(*) FROM windows")
    stream.send(2, [1], 0)
    stream.looked(p)
    assert stream.database.value("SELECT count(*) FROM windows") == before


def test_a_timer_speaks_when_nothing_comes(stream):
    p = stream.process(["silent { 1000000 }"], {"silent.lua": SILENT}).start()
    p.until(lambda: (p.metric("windows_judged_total") or 0) >= 2)
    assert stream.said() == []  # no event was ever seen
    stream.send(0, [1], 0)
    p.until(lambda: len(stream.said()) >= 2)
    assert "silent" in stream.said()[0]
