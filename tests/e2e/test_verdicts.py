"""What rules said is kept with the load that they judged: in the same transaction, for what is not
pass and for every change, and not otherwise."""
import pytest

from lib import scripts

BETWEEN = 'between { "amount", max = 10, version = 3 }'
COUNTED = 'row_count_between { max = 2, over = "batch", id = "few" }'


@pytest.fixture
def events(kafka, topic, tidegate, database):
    process = tidegate(lanes=1, load={"rows": 1000}, kafka={
        "brokers": kafka.bootstrap, "instance": "one"})  # back at once after a kill
    process.topic = topic("events", partitions=1)
    process.send = lambda *amounts: (kafka.produce(process.topic, [
        {"id": i, "amount": a} for i, a in enumerate(amounts)]), settle())

    def settle():
        process.until(lambda: scripts.done(database, kafka, process.topic))

    process.verdicts = lambda *columns: database.rows(
        f"SELECT {', '.join(columns)} FROM tidegate.verdict ORDER BY id")
    return process


def run(process, *rules):
    process.script("events.lua", scripts.topic(process.topic, "events", rules=rules))
    return process.start()


def change(events, database, *rules):
    """Reloads with other rules and sends good events until they judge."""
    before = events.status()["generation"]
    events.script("events.lua", scripts.topic(events.topic, "events", rules=rules))
    events.reload()
    events.until(lambda: events.status()["generation"] != before)
    now = events.status()["generation"]
    while not database.value("SELECT count(*) FROM tidegate.segment WHERE generation = %s", (now,)):
        events.send(1)


def test_good_loads_leave_no_verdict(events, database):
    """The negative control: with rules that pass there is nothing to tell."""
    run(events, BETWEEN, 'row_count_between { min = 0, over = "batch", id = "few" }',
        'row_count_between { min = 0, id = "over a window, later" }')
    events.send(1, 2, 3)
    events.send(4)
    assert database.value("SELECT count(*) FROM events") == 4
    assert events.verdicts("rule") == []
    assert events.stop() == 0


def test_a_failed_rule_is_told_with_what_it_saw_and_where(events, database):
    run(events, BETWEEN, COUNTED)
    events.send(1, 11, 12)
    rows = events.verdicts("rule", "version", "verdict", "level", "shadow", "evaluated", "failed",
                           "seen", "topic", "at IS NOT NULL")
    assert rows == [
        ("between(amount)", "3", "fail", "warn", False, 3, 2, None, "events", True),
        ("few", None, "fail", "warn", False, 3, 1, {"observed": 3, "max": 2}, "events", True)]
    generations = database.rows("SELECT DISTINCT v.generation = s.generation FROM tidegate.verdict"
                                " v, tidegate.segment s")
    assert generations == [(True,)]
    ranges = events.verdicts("ranges")[0][0]
    assert [(r["part"], r["from"], r["to"]) for r in ranges] == [(0, 0, 3)]
    assert events.stop() == 0


def test_back_to_pass_is_told_once(events):
    run(events, BETWEEN)
    for amounts in (11,), (1,), (2,), (12,):
        events.send(*amounts)
    assert [row[0] for row in events.verdicts("verdict")] == ["fail", "pass", "fail"]
    assert events.stop() == 0


def test_a_new_rule_bakes_in_shadow(events, database):
    """It is counted and told, but no row is touched and the breaker stays closed; the same rule
    without bake quarantines."""
    run(events)
    events.send(1)
    strict = 'between { "amount", max = 10, on_fail = "quarantine", critical = 1%s }'
    change(events, database, strict % ', bake = "10h"')
    events.send(11)
    assert events.verdicts("verdict", "level", "shadow") == [("fail", "critical", True)]
    assert database.value("SELECT count(*) FROM events WHERE amount = 11") == 1
    assert database.value("SELECT count(*) FROM tidegate.quarantine") == 0
    assert events.status()["topics"][0]["breaker"] == "closed"
    change(events, database, 'between { "amount", max = 10, on_fail = "quarantine" }')
    events.send(12)
    assert database.value("SELECT count(*) FROM tidegate.quarantine") == 1
    assert events.verdicts("shadow") == [(True,), (False,)]
    assert events.stop() == 0


MINUTE = 60000
BASE = 1767225600000  # 2026-01-01T00:00:00Z, in milliseconds


def test_a_bake_goes_on_where_it_was_after_kill_9(events, kafka, database):
    """Its end is kept with the topic: neither a death nor another process begins it anew, or ends
    it before its time."""
    strict = 'between { "amount", max = 10, on_fail = "quarantine", bake = "10m" }'

    def send(minute):
        kafka.produce_at(events.topic, [{"id": minute, "amount": 11}], 0, BASE + minute * MINUTE)
        events.until(lambda: scripts.done(database, kafka, events.topic))
        return database.value("SELECT count(*) FROM tidegate.quarantine")

    run(events)
    assert send(0) == 0
    assert events.stop() == 0
    run(events, strict)  # a change made while nothing ran counts too
    assert send(5) == 0
    events.kill9()
    run(events, strict)
    assert send(9) == 0
    assert events.verdicts("shadow", "failed") == [(True, 1), (True, 1)]
    assert send(10) == 1
    assert events.stop() == 0


def test_the_version_before_acts_while_a_changed_rule_bakes(events, kafka, database):
    """The old bound is 10, the new one 20: what is between them tells who acts. Also after a death,
    and for a version that was changed while the one before was still watched."""
    rule = 'between { "amount", max = %d, on_fail = "quarantine"%s }'

    def send(minute, *amounts):
        kafka.produce_at(events.topic, [{"id": minute, "amount": a} for a in amounts], 0,
                         BASE + minute * MINUTE)
        events.until(lambda: scripts.done(database, kafka, events.topic))
        return [row[0] for row in database.rows(
            'SELECT reason FROM tidegate.quarantine ORDER BY "offset"')]

    def reload(minute, rule):
        before = events.status()["generation"]
        events.script("events.lua", scripts.topic(events.topic, "events", rules=[rule]))
        events.reload()
        events.until(lambda: events.status()["generation"] != before)
        now = events.status()["generation"]
        while not database.value(
                "SELECT count(*) FROM tidegate.segment WHERE generation = %s", (now,)):
            send(minute, 1)

    old, new = "amount: %d.00 is above max 10", "amount: %d.00 is above max 20"
    run(events, rule % (10, ""))
    quarantined = send(0, 1, 11)
    assert quarantined == [old % 11]
    reload(0, rule % (20, ', bake = "10m"'))
    quarantined = send(5, 1, 12, 22)
    assert quarantined[1:] == [old % 12, old % 22]
    assert events.verdicts("shadow", "failed")[-1] == (True, 1)  # of the new one: 22 alone
    events.kill9()
    run(events, rule % (20, ', bake = "10m"'))
    quarantined = send(9, 13)
    assert quarantined[3:] == [old % 13]
    reload(9, rule % (20, ', bake = "10m", version = 2'))  # from minute 9 on, for ten
    quarantined = send(11, 14)
    assert quarantined[4:] == [old % 14]
    quarantined = send(19, 15, 25)
    assert quarantined[5:] == [new % 25]
    assert database.rows("SELECT amount FROM events WHERE amount > 1") == [(15,)]
    assert events.stop() == 0


def test_a_new_rule_has_nobody_to_act_in_its_place(events, kafka, database):
    """Nor has one whose version before remembers: the log says so."""
    unique = 'unique_in_window { { "id" }, %s, on_fail = "quarantine", id = "once", '
    unique += 'per_partition = true }'
    run(events, unique % 'window = "1h"')
    events.send(1)
    change(events, database, unique % 'window = "2h", bake = "10h"',
           'between { "amount", max = 10, on_fail = "quarantine", bake = "10h" }')
    events.send(11)
    assert database.value("SELECT count(*) FROM events WHERE amount = 11") == 1
    assert "nobody acts while once bakes: it remembers" in events.log()
    assert "nobody acts while between(amount) bakes: it is new" in events.log()
    assert events.stop() == 0


def test_a_rule_in_shadow_is_told_and_moves_nothing(events, database):
    run(events, 'between { "amount", max = 10, on_fail = "drop", critical = 1, shadow = true }')
    events.send(1, 11)
    assert events.verdicts("verdict", "level", "shadow") == [("fail", "critical", True)]
    assert database.value("SELECT count(*) FROM events") == 2
    assert events.status()["topics"][0]["breaker"] == "closed"
    assert events.metric("rule_verdicts_total", rule="between(amount)", verdict="shadow") == 1
    assert events.stop() == 0
