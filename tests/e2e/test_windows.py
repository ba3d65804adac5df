"""Measures over windows of Kafka time and timers: merged over lanes and processes, judged once,
whatever dies in between."""
import pytest

from lib import scripts
from lib.poll import eventually

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

SEEN = """return {
  doc = "An event came.", every = "1s",
  judge = function(m, p, s, t) return t.newest ~= nil, (t.now - t.since) // 1000000 end,
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
        self.topic = topic("windows", partitions=4, retention_ms=-1)
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

    def verdicts(self, *columns):
        """Of windows: the minute, and these columns, in order."""
        return self.database.rows(
            f"SELECT (extract(epoch FROM window_start) - {BASE // 1000})::int / 60,"
            f" {', '.join(columns)} FROM tidegate.verdict WHERE window_start IS NOT NULL"
            " ORDER BY window_start, id")

    def said(self):
        """What rules said, in order."""
        rows = self.database.rows("SELECT message FROM tidegate.journal WHERE kind = 'rule'"
                                  " ORDER BY id")
        return [row[0] for row in rows]


@pytest.fixture
def stream(kafka, topic, tidegate, database):
    return Stream(kafka, topic, tidegate, database)


def test_a_window_is_judged_once_over_all_partitions(stream):
    p = stream.process(['total { "amount", 100, version = 7 }'], {"total.lua": SUM}).start()
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
    assert stream.verdicts("rule", "version", "verdict", "level", "(seen->'observed')::int",
                           "window_end - window_start = '1 minute' AND at = window_end") == [
        (0, "total(amount)", "7", "pass", "none", 100, True),
        (1, "total(amount)", "7", "fail", "warn", 1, True)]
    assert p.metric("rule_verdicts_total", rule="total(amount)", verdict="fail") == 1


def test_nothing_is_judged_before_the_slowest_partition_has_passed(stream):
    p = stream.process(['total { "amount", 100 }'], {"total.lua": SUM}).start()
    stream.send(0, [7], 0)
    for partition in (0, 1, 2):
        stream.send(5, [0], partition)
    p.until(stream.loaded)
    stream.looked(p)
    assert p.metric("windows_judged_total") == 0  # what the last one brings nobody knows yet
    stream.send(0, [1], 3)  # still in the first minute
    p.until(stream.loaded)
    stream.looked(p)
    assert p.metric("windows_judged_total") == 0
    assert stream.said() == []
    shown = p.status()["windows"][0]
    assert shown["topic"] == "windows" and shown["judged_to"] is None
    assert shown["lag_seconds"] > 0
    assert shown["rules"] == [{"rule": "total(amount)", "open": 2, "judged_at": None,
                               "oldest": "2026-01-01T00:00:00.000Z"}]
    stream.send(5, [0], 3)
    p.until(lambda: stream.said())
    assert '"observed":8' in stream.said()[0]
    p.until(lambda: p.status()["windows"][0]["judged_to"] == "2026-01-01T00:05:00.000Z")
    rule = p.status()["windows"][0]["rules"][0]
    assert (rule["open"], rule["oldest"]) == (1, "2026-01-01T00:05:00.000Z") and rule["judged_at"]
    _, out, _ = p.command("status")
    assert "total(amount)" in out and "2026-01-01T00:05:00.000Z" in out


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
    assert stream.verdicts("(seen->'observed')::int") == [(n, n + 1) for n in range(10)]


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_judge_that_dies_at_its_commit_leaves_one_verdict_a_window(stream, where):
    p = stream.process(["counted {}"], {"counted.lua": COUNTED},
                       faults=f"window.{where}_commit=exit@2").start()
    for minute in range(3):
        stream.send(minute, [1], minute % 4)
        stream.close(minute + 1)
        eventually(lambda: not p.running() or len(stream.verdicts("id")) > minute)
    assert not p.running(), "the fault came too late to hit anything"
    p.faults = None
    p.start()
    p.until(lambda: len(stream.verdicts("id")) >= 3)
    assert stream.verdicts("(seen->'observed')::int") == [(n, n + 1) for n in range(3)]


def test_what_was_judged_is_not_judged_again(stream):
    """A partition that was idle comes back with events of windows that are over: they are late."""
    p = stream.process(['total { "amount", 0 }'], {"total.lua": SUM}).start()
    stream.close(0)
    stream.send(1, [5], 0)
    for partition in range(3):
        stream.send(5, [0], partition)
    p.until(stream.loaded)
    stream.database.execute(
        "UPDATE tidegate.partition SET claimed_at = now() - interval '1 hour' WHERE part = 3;"
        "UPDATE tidegate.segment s SET committed_at = now() - interval '1 hour'"
        " FROM tidegate.partition p WHERE p.id = s.partition_id AND p.part = 3")
    p.until(lambda: len(stream.verdicts("id")) == 2)
    stream.send(1, [7], 3)
    stream.send(4, [0], 3)
    p.until(stream.loaded)
    stream.looked(p)
    stream.send(6, [0], 3)
    stream.close(7)
    p.until(lambda: len(stream.verdicts("id")) >= 4)
    assert stream.verdicts("(seen->'observed')::int") == [(0, 0), (1, 5), (5, 0), (6, 0)]
    assert p.metric("window_late_total") == 2


def test_levels_of_a_check_count_each_row_once_over_kills(stream):
    """Rows of lost loads are judged again, and a commit whose answer was lost stands."""
    rule = 'between { "amount", min = 0, over = "1m", critical = "25%" }'
    p = stream.process([rule], {}, faults="pg.before_advance=exit@3", load={"rows": 50},
                       kafka={"brokers": stream.kafka.bootstrap, "instance": "one"})
    for partition in range(4):
        stream.send(0, [1, 2, -1, 3] * 50, partition)
    for point in "pg.before_advance=exit@3", "pg.after_advance_sent=exit@2":
        p.faults = point
        p.start(ready=False)
        assert p.process.wait(60) == 86
    loaded = stream.database.value("SELECT count(*) FROM windows")
    assert 0 < loaded < 800
    p.faults = None
    p.start()
    stream.close(1)
    p.until(lambda: stream.said())
    assert [m.rsplit(": ", 1)[1] for m in stream.said()] == ["200 of 800 rows failed"]
    p.until(lambda: p.status()["topics"][0]["breaker"] == "open")


def test_a_count_level_is_reached_over_two_loads(stream):
    """Over all lanes it takes the window; a batch that has as many by itself is never visible."""
    rule = 'between { "amount", min = 0, over = "1m", critical = 5 }'
    p = stream.process([rule], {}).start()
    stream.send(0, [-1] * 4, 0)
    p.until(stream.loaded)
    stream.send(0, [-1] * 4, 1)
    p.until(stream.loaded)
    assert stream.said() == []
    stream.close(1)
    p.until(lambda: stream.said())
    assert stream.said()[0].endswith("8 of 8 rows failed")
    p.until(lambda: p.status()["topics"][0]["breaker"] == "open")
    assert stream.database.value("SELECT count(*) FROM windows WHERE amount < 0") == 8


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


def test_by_the_clock_what_is_wrong_is_told_and_that_it_is_right_again(stream):
    p = stream.process(["seen {}"], {"seen.lua": SEEN}).start()
    told = lambda: [row[0] for row in stream.database.rows(
        "SELECT verdict FROM tidegate.verdict WHERE window_start IS NULL ORDER BY id")]
    p.until(lambda: len(told()) >= 2)
    assert set(told()) == {"fail"}
    stream.send(0, [1], 0)
    p.until(lambda: "pass" in told())
    stream.looked(p)
    assert told().count("pass") == 1


def test_a_topic_without_partitions_has_a_clock(tidegate, database):
    """Two processes, one judge a second, though nobody ever claims anything of the topic."""
    processes = []
    for _ in range(2):
        p = tidegate(lanes=1)
        p.rule("seen.lua", SEEN)
        p.script("never.lua", scripts.topic("never-made", "never", rules=["seen {}"]))
        processes.append(p.start(ready=False))
    made = lambda: database.value("SELECT to_regclass('tidegate.verdict') IS NOT NULL")
    count = lambda: database.value("SELECT count(*) FROM tidegate.verdict WHERE rule = 'seen'")
    processes[0].until(lambda: made() and count() >= 3)
    assert database.value("SELECT count(*) FROM tidegate.partition") == 0
    assert database.rows("SELECT count(*) - count(DISTINCT floor(extract(epoch FROM at))),"
                         " min((seen->'observed')::int) < max((seen->'observed')::int)"
                         " FROM tidegate.verdict WHERE verdict = 'fail'") == [(0, True)]
