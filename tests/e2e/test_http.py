"""What others see of a process: metrics, health, status; how it starts, says so, and stops."""
import os
import re
import signal
import socket
import time

import pytest

from lib import scripts
from lib.poll import eventually
from lib.server import TOP

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABELS = r'(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*"(?:,(?=[a-z])|(?=\})))*'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABELS})\}})? (-?[0-9.e+-]+|\+Inf|-Inf|NaN)")


@pytest.fixture
def shop(kafka, topic, tidegate, database):
    """A process that has loaded, tagged, quarantined and dropped; and its topic."""
    process = tidegate(lanes=2)
    process.topic = topic("events", partitions=2)
    process.script("events.lua", scripts.topic(
        process.topic, "events", transform='b:drop(b.id:eq(4), "four")',
        rules=['not_null { "name" }', 'between { "amount", min = 0, on_fail = "quarantine" }']))
    process.start()
    kafka.produce(process.topic, [{"id": 1, "name": "a"}, {"id": 2, "amount": -1}, {"id": 3},
                                  {"id": 4, "name": "x"}, b"{"])
    process.until(lambda: scripts.done(database, kafka, process.topic))
    process.until(lambda: process.metric("rows_total") == 5)
    return process


def parse(text):
    """Prometheus' text format to the letter: {name: type}, [(name, labels, value)]."""
    assert text.endswith("\n") and "\n\n" not in text
    types, helps, samples, closed = {}, set(), [], set()
    current = None
    for line in text[:-1].split("\n"):
        kind = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.*)", line)
        if kind and kind[1] == "HELP":
            assert kind[2] not in helps and kind[2] not in closed, f"second HELP: {line}"
            assert kind[3].strip(), f"HELP without a text: {line}"
            helps.add(kind[2])
        elif kind:
            assert kind[2] in helps and kind[2] not in types, line
            assert kind[3] in ("counter", "gauge", "histogram"), line
            types[kind[2]] = kind[3]
            closed.add(current)
            current = kind[2]
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, f"not a sample: {line!r}"
            family = re.sub(r"_(bucket|sum|count)$", "", sample[1]) if (
                types.get(current) == "histogram") else sample[1]
            assert family == current, f"{line}: outside its family ({current})"
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', sample[2] or ""))
            samples.append((sample[1], labels, float(sample[3])))
    seen = [(n, tuple(sorted(x.items()))) for n, x, _ in samples]
    assert len(seen) == len(set(seen)), "a series twice"
    return types, samples


def histograms(types, samples):
    """Buckets grow, the last is +Inf and equals _count, which has a _sum."""
    for family in [n for n, kind in types.items() if kind == "histogram"]:
        series = {}
        for name, labels, value in samples:
            if name.startswith(family + "_"):
                rest = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
                series.setdefault(rest, {}).setdefault(name[len(family) + 1:], []).append(
                    (labels.get("le"), value))
        for rest, parts in series.items():
            bounds = [float(le) for le, _ in parts["bucket"]]
            counts = [v for _, v in parts["bucket"]]
            assert bounds == sorted(bounds) and bounds[-1] == float("inf"), (family, rest)
            assert counts == sorted(counts) and counts[-1] == parts["count"][0][1], (family, rest)
            assert len(parts["sum"]) == 1


def documented():
    """{metric name: type} of docs/METRICS.md, and the names that are only there "(with ..)"."""
    rows = re.findall(r"(?m)^\| (`[^|]+) \| (\w+)([^|]*) \|",
                      (TOP / "docs/METRICS.md").read_text(encoding="utf-8"))
    kinds, sometimes = {}, set()
    for names, kind, more in rows:
        for name in re.findall(r"`(\w+)`", names):
            full = name if name.startswith("process_") else f"tidegate_{name}"
            kinds[full] = kind
            if "(with" in more:
                sometimes.add(full)
    return kinds, sometimes


def test_metrics_are_prometheus_text_with_the_documented_names(shop):
    status, text = shop.http("/metrics")
    assert status == 200
    types, samples = parse(text)
    histograms(types, samples)
    promised, sometimes = documented()
    assert len(promised) > 25
    assert {n: types.get(n, k if n in sometimes else None) for n, k in promised.items()} == promised
    assert set(types) <= set(promised) | {"tidegate_series_dropped_total"}, "not in METRICS.md"
    assert all(n.endswith("_total") for n, kind in types.items() if kind == "counter")
    values = {(n, tuple(sorted(x.items()))): v for n, x, v in samples}
    for fate, rows in dict(loaded=1, tagged=1, quarantined=2, dropped=1, late=0).items():
        assert values["tidegate_rows_total", (("fate", fate), ("topic", "events"))] == rows, fate
    assert values["tidegate_pg_rows_copied_total", (("table", "events"),)] == 2
    assert sum(v for (n, _), v in values.items()
               if n == "tidegate_kafka_records_consumed_total") == 5
    assert values["tidegate_e2e_latency_seconds_count", (("topic", "events"),)] == 5
    status, text = shop.http("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert status == 200 and text.endswith("# EOF\n")


def test_counters_never_fall(shop, kafka, database):
    def counters():
        types, samples = parse(shop.http("/metrics")[1])
        return {(n, tuple(sorted(x.items()))): v for n, x, v in samples
                if types.get(n) == "counter" or n.endswith(("_bucket", "_count"))}
    before = counters()
    kafka.produce(shop.topic, [{"id": n, "name": "x"} for n in range(100)])
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    shop.until(lambda: counters()["tidegate_rows_total", (
        ("fate", "loaded"), ("topic", "events"))] == 100)
    after = counters()
    assert all(after[k] >= v for k, v in before.items())


def test_pages_and_methods(shop):
    assert shop.http("/nothing")[0] == 404
    assert shop.http("/metrics", "POST", body=b"x")[0] == 405
    assert shop.http("/metrics", "HEAD") == (200, "")
    assert shop.http("/healthz")[0] == shop.http("/livez")[0] == 200
    assert '"version"' in shop.http("/version")[1]
    assert shop.http("/livez?verbose")[1].count('"ok":true') == 1
    shop.until(lambda: shop.http("/readyz?verbose")[1].count('"ok":true') == 5)
    assert shop.http("/-/reload", "POST", body=b"x" * (1 << 20))[0] in (413, 401, 415)


def test_status_is_complete(shop):
    shop.until(lambda: shop.http("/readyz")[0] == 200)  # the second lane's joining may be under way
    status = shop.status()
    assert set(status) == {"version", "pipeline", "generation", "started_at", "reloaded_at",
                           "last_reload", "last_reload_faults", "generation_from", "lanes",
                           "members", "topics", "windows",
                           "lookups", "outputs", "loads", "verdicts", "rules_failed", "healthy",
                           "stands", "stands_count", "alerts", "alerts_firing"}
    assert (status["windows"], status["lookups"]) == ([], [])
    failed = {"not_null(name)", "between(amount)"}
    # A load without rows that fail ends a warning: how many stand depends on how they were cut.
    assert all((s["kind"], s["severity"]) == ("rule", "warning") for s in status["stands"])
    assert {s["rule"] for s in status["stands"]} == {a["rule"] for a in status["alerts"]} <= failed
    assert status["stands_count"] == len(status["stands"])
    assert status["healthy"] == (not status["stands"])
    assert status["loads"]["committed"] >= 1 and status["loads"]["retried"] == 0
    assert status["verdicts"]["fail"] >= 2
    assert {r["rule"]: r["rows"] for r in status["rules_failed"]} == {
        "not_null(name)": 2, "between(amount)": 1}
    assert re.fullmatch("[0-9a-f]{64}", status["generation"])
    assert sum(lane["reading"] for lane in status["lanes"]) == 2
    seen, = status["topics"]
    assert (seen["loaded"], seen["tagged"], seen["quarantined"], seen["dropped"]) == (1, 1, 2, 1)
    assert seen["quarantined_by"] == {"decode": 1, "transform": 0, "rule": 1, "load": 0}
    assert (seen["lag_records"], seen["lag_seconds"], seen["waits"]) == (0, 0, False)
    assert (seen["breaker"], seen["reason"]) == ("closed", "")
    assert 0 < seen["latency_p50_seconds"] <= seen["latency_p99_seconds"] < 60


def test_status_is_one_screen_that_says_what_to_do(kafka, topic, tidegate, postgres, database):
    """Ten topics, two of them in trouble; and a reload that was refused."""
    process = tidegate(lanes=1)
    names = [topic("events", partitions=1) for _ in range(10)]
    for n, name in enumerate(names):
        rules = {1: ['between { "amount", min = 0 }'],
                 3: ['between { "amount", min = 0, critical = 1 }']}.get(n, [])
        process.script(f"t{n}.lua", scripts.topic(name, f"t{n}", rules=rules))
    process.start()
    process.until(lambda: process.status()["healthy"])
    code, out, err = process.command("status")
    assert (code, err) == (0, "") and "\nhealthy: nothing stands" in screen(out)
    with postgres.connect(database.name) as locker, locker.transaction():
        locker.execute("LOCK TABLE t7 IN ACCESS EXCLUSIVE MODE")
        for n in (3, 7):
            kafka.produce(names[n], [{"id": 1, "amount": -1}] * 3)
        process.until(lambda: [s["kind"] for s in process.status()["stands"]] == [
            "breaker", "table"] and "accept" in process.status()["stands"][0]["next"])
        assert len(screen(process.command("status")[1]).splitlines()) <= 26
        kafka.produce(names[1], [{"id": 1, "amount": -1}] * 3)
        process.script("t0.lua", "return {")
        process.reload()
        process.until(lambda: process.status()["stands_count"] == 4)
        status = process.status()
        out = process.command("status")[1]
    stands = {s["kind"]: s for s in status["stands"]}
    assert list(stands) == ["breaker", "table", "reload", "rule"]  # the worst first
    assert "tidegate breaker accept t3" in stands["breaker"]["next"]
    assert "quarantine list --topic t1" in stands["rule"]["next"] and stands["rule"]["text"]
    assert "t0.lua" in stands["reload"]["text"] and "tidegate check" in stands["reload"]["next"]
    told = {a["alertname"] for a in status["alerts"]}
    assert told == {"TidegateRuleFailed", "TidegateBreakerOpen", "TidegateTableUnusable",
                    "TidegateReloadFailed"}
    assert status["alerts_firing"] == 5  # the critical rule's, which the breaker stands for, too
    assert "healthy" not in screen(out) and "\n4 things stand, the worst first" in out
    assert re.search(r"(?m)^  t3 .* WAITS$", out) and re.search(r"(?m)^  t9 .* ok$", out)
    assert out.count("next: ") == 4
    assert "(OPERATIONS.md: TidegateBreakerOpen)" in " ".join(out.split())


def screen(out):
    assert all(len(line) <= 100 for line in out.splitlines()), out
    return out


def test_status_knows_the_lag_of_a_topic_whose_kafka_topic_has_another_name(
        kafka, topic, tidegate, database):
    process = tidegate(lanes=1, load={"rows": 100})
    name = topic("others", partitions=1)
    process.script("events.lua", scripts.topic(name, "events"))
    process.start()
    database.execute("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
                     " 'BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END'")
    database.execute("CREATE TRIGGER slow AFTER INSERT ON events EXECUTE FUNCTION slow()")
    kafka.produce(name, [{"id": n} for n in range(50000)])
    process.until(lambda: process.status()["topics"][0]["lag_records"] > 0)
    process.kill9()


def test_what_stands_is_in_the_run_book():
    source = (TOP / "core/app/standing.c").read_text(encoding="utf-8")
    named = re.findall(r'\[[A-Z]+\] = \{"\w+", "(?:critical|warning|info)", "([^"]+)"', source)
    book = re.findall(r"(?m)^### (.+)$", (TOP / "docs/OPERATIONS.md").read_text(encoding="utf-8"))
    assert len(named) > 15 and set(named) <= set(book)


def test_ready_follows_what_it_needs(kafka, topic, tidegate, postgres, database):
    """503 before partitions are claimed, 200, 503 while a topic waits; alive all the time."""
    process = tidegate(lanes=1)
    name = topic("events", partitions=1)
    process.script("events.lua", scripts.topic(name, "events"))
    with postgres.connect(database.name) as locker:
        with locker.transaction():  # nobody can look at the table, nobody can claim
            locker.execute("CREATE TABLE events (id bigint NOT NULL, name text,"
                           " amount numeric(6,2), _part int NOT NULL, _offset bigint NOT NULL,"
                           " _issues text[])")
            process.start(ready=False)
            status, text = process.until(lambda: ready(process, 503))
            assert '"ok":false' in text
            assert process.http("/livez")[0] == 200
        process.until(lambda: ready(process, 200))
        with locker.transaction():
            locker.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
            kafka.produce(name, [{"id": 1}])
            status, text = process.until(lambda: ready(process, 503))
            assert "events waits" in text
            assert process.http("/livez")[0] == 200
    process.until(lambda: ready(process, 200))
    process.until(lambda: scripts.done(database, kafka, name))


def ready(process, wanted):
    status, text = process.http("/readyz")
    return (status, text) if status == wanted else None


# --- life and death

def test_sigterm_ends_it_with_everything_committed(kafka, topic, tidegate, database):
    process = tidegate(lanes=2, load={"rows": 1000})
    name = topic("events", partitions=4)
    process.script("events.lua", scripts.topic(name, "events"))
    process.start()
    kafka.produce(name, [{"id": n} for n in range(50000)])
    process.until(lambda: sum(scripts.chain(database, name).values()) > 5000)
    assert process.stop() == 0
    chain = scripts.chain(database, name)
    assert database.value("SELECT count(*) FROM events") == sum(chain.values())
    assert database.value("SELECT bool_and(released) FROM tidegate.partition"), "claims are kept"
    committed = kafka.committed(name, process.config["pipeline"])
    assert {part: max(offset, 0) for part, offset in committed.items()} == chain  # -1001: none
    process.start(ready=False)
    process.until(lambda: scripts.done(database, kafka, name))
    assert database.rows("SELECT count(*), count(DISTINCT id) FROM events") == [(50000, 50000)]


def test_sigint_is_the_same(shop):
    shop.signal(signal.SIGINT)
    assert shop.wait() == 0


def test_a_second_sigterm_ends_it_at_once(kafka, topic, tidegate, database, postgres):
    """The first one waits for a load that is stuck behind a lock."""
    process = tidegate(lanes=1, static=True)
    name = topic("events", partitions=1)
    process.script("events.lua", scripts.topic(name, "events"))
    process.start()
    with postgres.connect(database.name) as locker:
        with locker.transaction():
            locker.execute("LOCK TABLE tidegate.segment IN ACCESS EXCLUSIVE MODE")
            kafka.produce(name, [{"id": 1}])
            eventually(lambda: database.value("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            process.signal(signal.SIGTERM)
            process.until(lambda: process.http("/livez")[0] == 0)  # it is stopping
            process.signal(signal.SIGTERM)
            assert process.wait() == -signal.SIGTERM  # in order it would end with 0
    assert database.value("SELECT count(*) FROM events") == 0
    process.start(ready=False)
    process.until(lambda: scripts.done(database, kafka, name))
    assert database.rows("SELECT id FROM events") == [(1,)]


def test_the_service_manager_is_told(shop, tmp_path, monkeypatch):
    """sd_notify(3): READY, WATCHDOG, RELOADING with its time, READY again, STOPPING."""
    assert shop.stop() == 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(180)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        shop.start(ready=False)
        assert manager.recv(4096) == b"READY=1"
        assert manager.recv(4096) == b"WATCHDOG=1"
        before = time.monotonic()
        shop.reload()
        fields = dict(line.split("=") for line in next_but(
            manager, b"WATCHDOG=1").decode().splitlines())
        assert fields["RELOADING"] == "1"
        assert before <= int(fields["MONOTONIC_USEC"]) / 1e6 <= time.monotonic()
        assert next_but(manager, b"WATCHDOG=1") == b"READY=1"
        shop.signal(signal.SIGTERM)
        assert next_but(manager, b"WATCHDOG=1") == b"STOPPING=1"
        assert shop.wait() == 0


def next_but(manager, boring):
    while True:
        got = manager.recv(4096)
        if got != boring:
            return got


def test_a_taken_port_is_a_configuration_error(shop, tidegate):
    second = tidegate(lanes=1)
    second.script("events.lua", scripts.topic(shop.topic, "events"))
    second.config["http"]["listen"] = shop.address
    second.start(ready=False)
    assert second.wait() == 78
    assert shop.address in second.log() and shop.http("/livez")[0] == 200


def test_it_opens_no_other_port(shop):
    """Loopback only, and only the one that was asked for."""
    mine = {os.readlink(f"/proc/{shop.process.pid}/fd/{fd}")
            for fd in os.listdir(f"/proc/{shop.process.pid}/fd")}
    listening = []
    for table in ("tcp", "tcp6"):
        for line in open(f"/proc/net/{table}", encoding="ascii").readlines()[1:]:
            parts = line.split()
            if parts[3] == "0A" and f"socket:[{parts[9]}]" in mine:
                listening.append(parts[1])
    port = int(shop.address.rpartition(":")[2])
    assert listening == [f"0100007F:{port:04X}"]
