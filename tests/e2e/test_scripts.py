"""Scripts and rules that misbehave: the process lives, nothing unchecked is loaded, the message
names file and line. And the breaker: open before a bad row is visible, left when somebody acts."""
import pytest

from lib import scripts
from lib.poll import eventually


class Events:
    """One topic of events with ids and amounts, loaded by a process of one lane."""

    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.make, self.database = kafka, tidegate, database
        self.topic = topic("events", partitions=2)
        self.process = tidegate(lanes=1, lua={"deadline": "200ms", "memory": "8MiB"})

    def script(self, process=None, **parts):
        (process or self.process).script("events.lua", scripts.topic(self.topic, "events", **parts))
        return self

    def send(self, *amounts, first=0):
        return self.kafka.produce(self.topic, [{"id": first + i, "amount": a}
                                               for i, a in enumerate(amounts)], partition=0)

    def start(self, **more):
        return self.process.start(**more)

    def loaded(self):
        self.process.until(lambda: scripts.done(self.database, self.kafka, self.topic))
        return self.ids()

    def ids(self):
        if not self.database.value("SELECT to_regclass('events') IS NOT NULL"):
            return []
        return [row[0] for row in self.database.rows("SELECT id FROM events ORDER BY id")]

    def rejected(self):
        return {offset: (stage, reason) for (_, offset), (stage, _, reason)
                in scripts.rejected(self.database, self.topic).items()}

    def opens(self, *parts, process=None):
        """Waits until the topic's breaker is open, in the process and in PostgreSQL."""
        process = process or self.process
        process.until(lambda: process.status()["topics"][0]["breaker"] == "open")
        reason = process.status()["topics"][0]["reason"]
        for part in parts:
            assert part in reason, reason
        process.until(lambda: self.stored() == "open")
        return reason

    def stored(self):
        rows = self.database.rows("SELECT state FROM tidegate.breaker WHERE topic = 'events'")
        return rows[0][0] if rows else None


@pytest.fixture
def events(kafka, topic, tidegate, database):
    return Events(kafka, topic, tidegate, database)


# --- transforms

def test_a_transform_that_raises_on_some_rows_costs_these_rows_only(events):
    events.script(transform="b.amount = b.amount:round(2)\n"
                  "if b.id:eq(3):any() or b.id:eq(6):any() then error('no threes or sixes') end")
    events.send(*[1.5] * 8)
    events.start(ready=False)
    assert events.loaded() == [0, 1, 2, 4, 5, 7]
    found = events.rejected()
    assert set(found) == {3, 6}
    for stage, reason in found.values():
        assert stage == "transform" and "scripts/events.lua:11" in reason
        assert "no threes or sixes" in reason
    assert events.process.stop() == 0


def test_a_transform_that_raises_on_all_rows_opens_the_breaker(events):
    events.script(transform="if b.id:ge(0):any() then error('never') end")
    events.send(*[1.5] * 5)
    events.start(ready=False)
    events.opens("scripts/events.lua:10", "never")
    assert events.ids() == [] and events.rejected() == {}
    assert events.process.http("/livez")[0] == 200
    assert events.process.stop() == 0


WILD = {  # the transform's body, a part of what is said
    "loop": ("if b.id:ge(0):any() then while true do end end", "lua.deadline"),
    "deaf": ("if b.id:ge(0):any() then\n"
             "while true do pcall(function() while true do end end) end end", "lua.deadline"),
    "glutton": ("local t = {}\nif b.id:ge(0):any() then\n"
                "for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end\nend", "memory"),
    "deep": ("local function f(n) return 1 + f(n) end\n"
             "if b.id:ge(0):any() then f(1) end", "stack overflow"),
}


def test_transforms_that_run_wild_let_nothing_pass(events, topic):
    """Each opens its breaker and names the line; the lane goes on with another topic, and with
    these when they are cured."""
    process, names = events.process, {"calm": topic("calm", partitions=1)}
    process.script("calm.lua", scripts.topic(names["calm"], "calm"))
    for what, (body, _) in WILD.items():
        names[what] = topic(what, partitions=1)
        process.script(f"{what}.lua", scripts.topic(names[what], what, transform=body))
    for name in names.values():
        events.kafka.produce(name, [{"id": n} for n in range(5)])
    process.start(ready=False)
    process.until(lambda: scripts.done(events.database, events.kafka, names["calm"]))
    for what, (_, says) in WILD.items():
        process.until(lambda w=what: breaker(process, w)["breaker"] == "open")
        reason = breaker(process, what)["reason"]
        assert f"scripts/{what}.lua:1" in reason and says in reason, reason
    assert {t["topic"]: t["loaded"] for t in process.status()["topics"]} == {
        "calm": 5, "loop": 0, "deaf": 0, "glutton": 0, "deep": 0}
    assert process.http("/livez")[0] == 200
    for what in WILD:
        process.script(f"{what}.lua", scripts.topic(names[what], what))
    process.reload()
    for what, name in names.items():
        process.until(lambda n=name: scripts.done(events.database, events.kafka, n))
        assert events.database.value(f"SELECT count(*) FROM {what}") == 5
    assert process.stop() == 0


def breaker(process, topic):
    return next(t for t in process.status()["topics"] if t["topic"] == topic)


# --- rules

def test_a_rule_that_raises_opens_the_breaker(events):
    events.process.rule("sums.lua", """return {
  topics = { "events" },
  doc    = "Sums.",
  check  = function(b)
    if b.id:ge(0):any() then error("lost count") end
    return b.id:ge(0)
  end,
  tests = {},
}
""")
    events.script()
    events.send(1.5, 2.5)
    events.start(ready=False)
    events.opens("rules/sums.lua:5", "lost count")
    assert events.ids() == [] and events.rejected() == {}


def faults_of(process):
    """`tidegate check` and the start refuse the scripts alike; what they say."""
    code, out, err = process.command("check")
    assert (code, out) == (78, "")
    process.start(ready=False)
    assert process.wait() == 78
    said = [line.split("error: ", 1)[1] for line in err.splitlines() if line.startswith("error: ")]
    for fault in said:
        assert fault.split(": ", 1)[1] in process.log(), fault
    return said


BAD_SETS = {
    "a syntax error": (lambda p: p.script("events.lua", "return {\n  table = \n}\n"),
                       ["scripts/events.lua:3"]),
    "a rule on a missing column": (
        lambda p: p.script("events.lua", scripts.topic("events", "events", rules=[
            'not_null { "id" }', 'between { "amuont", min = 0 }'])),
        ["scripts/events.lua:11", "amuont", "amount"]),
    "a rule file on a missing column": (
        lambda p: p.rule("worth.lua", 'return {\n  topics = { "events" },\n  doc = "Worth.",\n'
                         '  check = function(b)\n    return b.amuont:gt(0)\n  end,\n'
                         "  tests = {},\n}\n"),
        ["rules/worth.lua:5", "amuont"]),
    "a transform on a missing column": (
        lambda p: p.script("events.lua", scripts.topic(
            "events", "events", transform="b.nome = b.name")),
        ["scripts/events.lua:10", "nome", "name"]),
    "an unknown rule": (
        lambda p: p.script("events.lua", scripts.topic("events", "events", rules=[
            'betwen { "amount", min = 0 }'])),
        ["scripts/events.lua:10", "betwen", "between"]),
    "a failing inline test": (
        lambda p: p.script("events.lua", scripts.topic("events", "events", tests="""{
    { "one is two", events = { { id = 1 } }, rows = { { id = 2 } } },
  }""")), ["scripts/events.lua:10", "one is two"]),
}


@pytest.mark.parametrize("what", [k for k in BAD_SETS if k != "a failing inline test"])
def test_a_bad_set_is_refused_at_start(events, what):
    spoil, parts = BAD_SETS[what]
    events.process.script("events.lua", scripts.topic("events", "events"))
    spoil(events.process)
    said = "\n".join(faults_of(events.process))
    for part in parts:
        assert part in said, said


def test_a_bad_set_never_replaces_a_good_one(events):
    """All of them against one running process: the old set stays and goes on."""
    events.script()
    process = events.start()
    generation = process.status()["generation"]
    for n, (what, (spoil, parts)) in enumerate(BAD_SETS.items()):
        events.script()
        spoil(process)
        process.reload()
        process.until(lambda n=n: process.metric("reloads_total", result="refused") == n + 1)
        status = process.status()
        assert status["generation"] == generation and status["last_reload"] == "refused"
        for part in parts:
            assert part in status["last_reload_faults"], (what, status["last_reload_faults"])
        assert process.metric("last_reload_successful") == 0
        for rule in (process.folder / "rules").glob("*.lua"):
            rule.unlink()
    events.send(1.5, 2.5)
    assert events.loaded() == [0, 1]
    events.script()
    process.reload()
    process.until(lambda: process.metric("last_reload_successful") == 1)
    assert process.status()["last_reload_faults"] == ""


# --- the breaker

CRITICAL = ['between { "amount", min = 0, on_fail = "quarantine", critical = 2 }']
TOLERANT = ['between { "amount", min = 0, on_fail = "quarantine" }']


def test_the_breaker_opens_before_a_row_is_visible(events):
    events.script(rules=CRITICAL)
    events.send(1, 2)
    process = events.start(ready=False)
    assert events.loaded() == [0, 1]
    events.send(3, -1, -2, 4, first=10)
    reason = events.opens("between(amount)")
    assert events.ids() == [0, 1] and events.rejected() == {}
    assert process.http("/readyz")[0] == 503
    assert process.metric("breaker_state", topic="events") == 2
    assert process.metric("breaker_transitions_total", to="open") == 1
    code, out, _ = process.command("breaker", "status", "events")
    assert code == 0 and "open" in out and reason in out

    assert process.stop() == 0  # a restart changes nothing
    process.start(ready=False)
    events.opens("between(amount)")
    assert events.ids() == [0, 1] and events.rejected() == {}

    events.script(rules=TOLERANT)  # a better rule does
    process.reload()
    assert events.loaded() == [0, 1, 10, 13]
    assert set(events.rejected()) == {3, 4}
    process.until(lambda: events.stored() == "closed")
    process.until(lambda: process.http("/readyz")[0] == 200)


def test_the_breaker_can_be_closed_by_hand(events):
    events.script(rules=['between { "amount", min = 0, on_fail = "quarantine", critical = 3 }'])
    events.send(-1, -2, -3)
    process = events.start(ready=False)
    events.opens("between(amount)")
    moves = process.metric("breaker_transitions_total", to="open")
    code, out, err = process.command("breaker", "reset", "events", "--reason", "looked at it")
    assert (code, err) == (0, "") and "closing it" in out
    # what was bad is bad still: closed, read again, open again
    process.until(lambda: process.metric("breaker_transitions_total", to="open") > moves)
    events.opens("between(amount)")
    assert events.ids() == [] and events.rejected() == {}
    journal = events.database.rows("SELECT message FROM tidegate.journal WHERE kind = 'breaker'"
                                   " AND message LIKE 'open -> closed by %%'")
    assert len(journal) == 1 and "looked at it" in journal[0][0]


def test_a_breaker_that_is_not_open_is_not_reset(events):
    events.script()
    events.start()
    code, out, err = events.process.command("breaker", "reset", "evnts")
    assert code == 3 and "evnts" in err, (out, err)
    assert events.process.command("breaker", "status", "events")[:2] == (0, "events: closed\n")


def test_another_process_respects_the_breaker(events):
    """It opened in one of two members: no row of the topic gets in through the other one."""
    events.script(rules=CRITICAL)
    second = events.make(lanes=1)
    events.script(process=second, rules=CRITICAL)
    events.start()
    second.start()
    eventually(lambda: sorted(p.status()["lanes"][0]["reading"]
                              for p in (events.process, second)) == [1, 1])
    events.send(-1, -2, -3)  # partition 0 only
    eventually(lambda: events.stored() == "open")
    for p in (events.process, second):
        p.until(lambda p=p: p.status()["topics"][0]["breaker"] == "open")
    events.kafka.produce(events.topic, [{"id": 7, "amount": 7}], partition=1)
    assert events.ids() == []
    for p in (events.process, second):
        events.script(process=p, rules=TOLERANT)
        p.reload()
    events.process.until(lambda: scripts.done(events.database, events.kafka, events.topic))
    assert events.ids() == [7]
    assert len(events.rejected()) == 3
