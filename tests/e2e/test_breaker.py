"""The breaker of a topic: nothing of a batch that fails critically is visible; it goes on from
exactly that offset, by other rules or by an operator's word; others go on meanwhile."""
import pytest

from lib import scripts
from lib.poll import eventually
from lib.tidegate import PROGRAM_FAULTS

CRITICAL = ['between { "amount", min = 0, on_fail = "tag", critical = 3 }']
TOLERANT = ['between { "amount", min = 0, on_fail = "quarantine" }']


class Shop:
    """A topic `events` whose rule is critical and a topic `other`, in one lane."""

    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.make, self.database = kafka, tidegate, database
        self.events, self.other = topic("events", partitions=2), topic("other", partitions=1)
        self.process = self.member(static=True)
        self.sent = 0

    def member(self, rules=CRITICAL, **more):
        process = self.make(lanes=1, **more)
        return self.rules(rules, process)

    def rules(self, rules, process=None):
        process = process or self.process
        process.script("events.lua", scripts.topic(self.events, "events", rules=rules))
        process.script("other.lua", scripts.topic(self.other, "other"))
        return process

    def send(self, *amounts, partition=0):
        self.kafka.produce(self.events, [{"id": self.sent + i, "amount": a}
                                         for i, a in enumerate(amounts)], partition=partition)
        self.sent += len(amounts)

    def send_other(self, process=None):
        """Rows of the other topic arrive while this one stands."""
        before = self.kafka.ends(self.other)[0]
        self.kafka.produce(self.other, [{"id": before}])
        eventually(lambda: self.chain(self.other) == {0: before + 1})

    def chain(self, topic):
        return scripts.chain(self.database, topic)

    def state(self, process=None):
        topics = (process or self.process).status()["topics"]
        return next(t for t in topics if t["topic"] == "events")

    def is_(self, state, *processes):
        """Waits until PostgreSQL and all processes say so."""
        def asked():
            rows = self.database.rows("SELECT state FROM tidegate.breaker WHERE topic = 'events'")
            return [r[0] for r in rows] == [state]
        eventually(asked)
        for p in processes or (self.process,):
            p.until(lambda p=p: self.state(p)["breaker"] == state)

    def breaker(self, *args, code=0):
        got, out, err = self.process.command("breaker", *args)
        assert got == code, out + err
        return out + err

    def done(self):
        eventually(lambda: self.chain(self.events) == self.kafka.ends(self.events))

    def ids(self, where="true"):
        return [r[0] for r in self.database.rows("SELECT id FROM events"
                                                 f" WHERE {where} ORDER BY id")]

    def segments(self, partition=0):
        return self.database.rows("SELECT from_offset, to_offset, n_loaded, n_quarantined FROM"
                                  " tidegate.ledger WHERE topic = %s AND part = %s AND n_in > 0"
                                  " ORDER BY from_offset", (self.events, partition))

    def moves(self):
        return [r[0] for r in self.database.rows(
            "SELECT message FROM tidegate.journal WHERE kind = 'breaker' AND topic = 'events'"
            " ORDER BY id")]

    def opened(self):
        """Rows 0 and 1 are loaded; 2 to 6, in one batch, open the breaker. More waits behind it."""
        self.send(1, 2)
        self.process.start()
        self.done()
        self.send(3, -1, -2, -3, 4)
        self.is_("open")
        self.send(5, 6)
        assert self.ids() == [0, 1] and self.chain(self.events) == {0: 2, 1: 0}
        return self

    def restarted(self, times=3):
        for _ in range(times):
            assert self.process.stop() == 0
            self.process.start(ready=False)
            self.process.until(lambda: self.state()["breaker"] == "open")
        self.send_other()
        assert self.ids() == [0, 1] and self.chain(self.events) == {0: 2, 1: 0}
        return self


@pytest.fixture
def shop(kafka, topic, tidegate, database):
    return Shop(kafka, topic, tidegate, database)


def test_accepted_ranges_are_loaded_exactly(shop):
    """After three restarts, and tagged; what comes behind them is tried, then it closes."""
    shop.opened().restarted()
    seen = shop.breaker("status", "events")
    for part in ("open since", "between(amount)", f"{shop.events}[0] offsets 2 to 6", "accept"):
        assert part in seen, seen
    assert shop.breaker("accept", "events", code=2)  # without a reason
    shop.breaker("accept", "events", "--reason", "refunds are real", "--user", "anna")
    shop.done()
    shop.is_("closed")
    assert shop.ids() == list(range(9)) and scripts.rejected(shop.database, shop.events) == {}
    assert shop.segments() == [(0, 2, 2, 0), (2, 7, 5, 0), (7, 9, 2, 0)]
    assert shop.database.value("SELECT n_tagged FROM tidegate.ledger WHERE from_offset = 2"
                               " AND n_in > 0 AND topic = %s", (shop.events,)) == 3
    assert shop.ids("_issues::text LIKE '%%critical: accepted by anna%%'") == [3, 4, 5]
    moves = shop.moves()
    assert moves[0].startswith("closed -> open: between(amount)"), moves
    assert moves[1:] == ["open -> half_open by anna (accept): refunds are real",
                         "half_open -> closed"]
    assert shop.database.value("SELECT detail->'ranges'->0->>'to' FROM tidegate.journal"
                               " WHERE message LIKE '%%accept%%'") == "7"
    assert shop.database.value("SELECT count(*) FROM tidegate.breaker_range") == 0


def test_better_rules_go_on_from_exactly_that_offset(shop):
    shop.opened().restarted()
    shop.rules(TOLERANT)
    shop.process.reload()
    shop.done()
    shop.is_("closed")
    assert shop.ids() == [0, 1, 2, 6, 7, 8]
    assert shop.segments()[:2] == [(0, 2, 2, 0), (2, 7, 2, 3)]
    assert shop.process.metric("breaker_state", topic="events") == 0
    assert shop.process.metric("breaker_transitions_total", topic="events", to="half_open") == 1
    assert "events: open -> half_open" in shop.process.log()


def test_offending_rows_go_to_the_quarantine(shop):
    shop.opened()
    shop.breaker("quarantine", "events", "--reason", "no refunds", "--user", "anna")
    shop.done()
    shop.is_("closed")
    assert shop.ids() == [0, 1, 2, 6, 7, 8]
    found = scripts.rejected(shop.database, shop.events)
    assert set(found) == {(0, 3), (0, 4), (0, 5)}
    assert all("anna" in str(issues) for issues, in shop.database.rows(
        "SELECT issues FROM tidegate.quarantine"))


def test_whole_ranges_go_to_the_quarantine(shop):
    shop.opened()
    shop.breaker("accept", "events", "--whole", "--reason", "x", code=2)
    shop.breaker("quarantine", "events", "--whole", "--reason", "a bad file")
    shop.done()
    shop.is_("closed")
    assert shop.ids() == [0, 1, 7, 8]
    assert set(scripts.rejected(shop.database, shop.events)) == {(0, n) for n in range(2, 7)}


def test_a_probe_without_a_cause_fails_and_doubles_the_cool_down(shop):
    shop.opened()
    shop.breaker("probe", "events", "--reason", "just so")
    eventually(lambda: shop.database.value("SELECT cooldown_us FROM tidegate.breaker") == 120000000)
    shop.is_("open")
    assert shop.ids() == [0, 1] and shop.chain(shop.events) == {0: 2, 1: 0}
    ranges = shop.database.rows("SELECT from_offset, to_offset FROM tidegate.breaker_range")
    assert ranges == [(2, 7)]
    shop.send_other()
    assert shop.breaker("probe", "nothing", code=3)


@pytest.mark.parametrize("point", ["pg.before_advance", "pg.after_advance_sent", "pg.after_commit"])
def test_a_probe_that_is_killed_is_cut_again_at_the_same_places(shop, point):
    shop.process = shop.member(static=True, program=PROGRAM_FAULTS)
    shop.opened()
    assert shop.process.stop() == 0
    shop.process.faults = f"{point}=exit"  # nothing else is loaded: the probe is the first
    shop.process.start(ready=False)
    shop.is_("open")
    shop.breaker("accept", "events", "--reason", "refunds are real", "--user", "anna")
    assert shop.process.wait() == 86
    assert shop.database.value("SELECT state FROM tidegate.breaker") == "half_open"
    if point == "pg.before_advance":
        assert shop.ids() == [0, 1] and shop.chain(shop.events) == {0: 2, 1: 0}
    shop.process.faults = None
    shop.process.start(ready=False)
    shop.done()
    shop.is_("closed")
    assert shop.ids() == list(range(9)) and scripts.rejected(shop.database, shop.events) == {}
    assert shop.segments() == [(0, 2, 2, 0), (2, 7, 5, 0), (7, 9, 2, 0)]
    assert shop.ids("_issues::text LIKE '%%critical: accepted by anna%%'") == [3, 4, 5]
    assert shop.database.value("SELECT count(*) FROM tidegate.breaker_range") == 0
    assert [m.partition(" by ")[0].partition(":")[0] for m in shop.moves()] == [
        "closed -> open", "open -> half_open", "half_open -> closed"]


def test_a_hold_pauses_a_closed_topic_and_ends_by_itself(shop):
    """On two processes and without a rebalance; the other topic goes on."""
    second = shop.member()
    shop.process.start()
    second.start()
    both = shop.process, second
    eventually(lambda: sum(p.status()["lanes"][0]["reading"] for p in both) == 3)
    rebalances = [p.metric("kafka_rebalances_total") for p in both]
    shop.breaker("hold", "events", "--for", "5s", "--reason", "a look", "--user", "anna")
    shop.is_("held", *both)
    for p in both:
        assert "held by anna: a look" in shop.state(p)["reason"]
    out = shop.process.command("status")[1]
    assert "held by anna: a look" in out and "breaker reset events" in out
    shop.send(1, 2)
    shop.send(3, partition=1)
    shop.send_other()
    if shop.database.value("SELECT state FROM tidegate.breaker") == "held":
        assert shop.ids() == []
    shop.done()
    assert shop.ids() == [0, 1, 2]
    assert [p.metric("kafka_rebalances_total") for p in both] == rebalances
    shop.is_("closed", *both)
    assert shop.moves() == ["closed -> held by anna: a look", "held -> closed"]


def test_a_held_topic_goes_on_when_it_is_reset(shop):
    shop.process.start()
    shop.breaker("hold", "events")
    shop.is_("held")
    shop.send(1)
    assert shop.process.stop() == 0
    shop.process.start(ready=False)
    shop.is_("held")
    shop.send_other()
    assert shop.chain(shop.events).get(0, 0) == 0
    shop.breaker("reset", "events")
    shop.done()
    shop.is_("closed")
    assert shop.breaker("hold", "evnts", code=3)  # never heard of


def test_two_processes_see_it_and_only_the_owner_tries(shop):
    second = shop.member()
    shop.process.start()
    second.start()
    both = shop.process, second
    eventually(lambda: sum(p.status()["lanes"][0]["reading"] for p in both) == 3)
    shop.send(-1, -2, -3, 4)
    shop.is_("open", *both)
    shop.send(7, partition=1)
    shop.send_other()
    assert shop.ids() == []
    shop.breaker("accept", "events", "--reason", "fine")
    shop.is_("closed", *both)
    shop.done()
    assert shop.ids() == [0, 1, 2, 3, 4]
    assert shop.segments()[0] == (0, 4, 4, 0)
    # nothing of the other partition before it was closed
    assert shop.database.value(
        "SELECT max(s.committed_at) FILTER (WHERE s.part = 0)"
        " < min(s.committed_at) FILTER (WHERE s.part = 1) FROM tidegate.ledger s"
        " WHERE s.topic = %s AND s.n_in > 0", (shop.events,))


def test_too_many_rejected_rows_open_it(shop):
    shop.process = shop.member(TOLERANT, breaker={"quarantine_rows": 100})
    shop.process.start()
    shop.send(*[1] * 90, *[-1] * 10)
    shop.is_("open")
    assert "10 of 100 rows" in shop.state()["reason"]
    shop.send(*[1] * 5)
    shop.send_other()
    assert len(shop.ids()) == 90
    shop.breaker("probe", "events", "--reason", "the source is mended")
    shop.done()
    shop.is_("closed")
    assert len(shop.ids()) == 95
