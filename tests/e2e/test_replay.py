"""The quarantine's verbs: what was refused is judged again by the scripts on disk and ends in the
table, once, with the place and time of its event; or is refused again, exported, discarded."""
import base64
import json
import subprocess

import psycopg
import pytest

from lib import scripts

FIELDS = ['"id bigint not null"', '"amount numeric(8,2)"', '"at timestamptz @kafka.timestamp"',
          '"part int @kafka.partition"', '"source text @kafka.header.source"',
          '"key text @kafka.key"']
STRICT = 'between { "amount", min = 0, max = 10, on_fail = "quarantine" }'
LOOSE = 'between { "amount", min = 0, max = 1000, on_fail = "quarantine" }'
TAGGED = 'between { "amount", max = 500, id = "large", on_fail = "tag" }'


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


class Home:
    """A topic whose events were loaded by one process that is gone now."""

    def __init__(self, kafka, topic, tidegate, database, partitions=2):
        self.kafka, self.database, self.make = kafka, database, tidegate
        self.topic = topic("events", partitions=partitions)
        self.process = tidegate(lanes=1)

    def load(self, events, rules=(STRICT,), **more):
        self.rules(*rules, **more)
        places = self.kafka.produce(self.topic, events)
        self.process.start()
        self.process.until(lambda: scripts.done(self.database, self.kafka, self.topic))
        assert self.process.stop() == 0
        return places

    def rules(self, *rules, **more):
        self.process.script("events.lua", scripts.topic(self.topic, "events", FIELDS, rules=rules,
                                                        **more))

    def quarantine(self, *args):
        return self.process.command("quarantine", *args)

    def statuses(self):
        return dict(self.database.rows(
            "SELECT status, count(*) FROM tidegate.quarantine GROUP BY status"))

    def ids(self):
        return [i for i, in self.database.rows("SELECT id FROM events ORDER BY id")]


@pytest.fixture
def home(kafka, topic, tidegate, database):
    return Home(kafka, topic, tidegate, database)


def events(amounts):
    return [{"id": i, "amount": a} for i, a in enumerate(amounts)]


def test_what_the_fixed_rules_take_is_loaded_as_it_came(home):
    amounts = [1, 20, 2, 700, 30, 5000, -1]  # 20, 700, 30, 5000 and -1 are refused at first
    places = home.load([*events(amounts), b"{"])
    assert home.ids() == [0, 2] and home.statuses() == {"new": 6}
    before = home.database.rows("SELECT * FROM events ORDER BY id")
    home.rules(LOOSE, TAGGED)

    code, out, err = home.quarantine("replay", "--dry-run", "--json")
    assert code == 0, err
    seen, = lines(out)
    assert (seen["loaded"], seen["tagged"], seen["refused"], seen["dry_run"]) == (3, 1, 3, True)
    assert {(w["stage"], w["rule"], w["rows"]) for w in seen["refused_by"]} == {
        ("rule", "between(amount)", 2), ("decode", None, 1)}
    assert home.database.rows("SELECT * FROM events ORDER BY id") == before
    assert home.database.rows("SELECT DISTINCT attempts, status FROM tidegate.quarantine") == [
        (0, "new")], "a dry run writes nothing"

    code, out, err = home.quarantine("replay", "--json")
    assert code == 0, err
    assert lines(out) == [{**seen, "dry_run": False}]
    assert home.ids() == [0, 1, 2, 3, 4]
    assert home.statuses() == {"new": 3, "replayed": 3}
    check_rows(home, places)
    check_ledger(home)
    note = home.database.value("SELECT message FROM tidegate.journal WHERE kind = 'quarantine'")
    assert note.startswith("replayed by ") and "3 rows loaded, 0 dropped, 0 late, 3 ref" in note
    # refused again: the same rows, with the new bound in their reason
    assert home.database.rows("SELECT attempts, reason FROM tidegate.quarantine WHERE status ="
                              " 'new' AND rule IS NOT NULL ORDER BY reason")[1] == (
        1, "amount: 5000.00 is not between 0 and 1000")
    code, out, _ = home.quarantine("replay")
    assert code == 0 and "0 rows loaded" in out and "3 refused again" in out
    assert home.quarantine("replay", "--topic", "other")[0] == 3
    home.database.execute("UPDATE tidegate.quarantine SET topic = 'old' WHERE stage = 'decode'")
    assert "1 rows of old were left out" in home.quarantine("replay", "--dry-run")[2]
    assert home.quarantine("replay", "--status", "discarded")[0] == 2


def check_rows(home, places):
    """Place and time are the event's own."""
    rows = home.database.rows("SELECT e.id, p.part, e._offset, e.part, e._issues, e.at = q.kafka_ts"
                              " FROM events e JOIN tidegate.partition p ON p.id = e._part"
                              ' LEFT JOIN tidegate.quarantine q ON q.partition_id = e._part'
                              ' AND q."offset" = e._offset')
    for i, part, offset, recorded, issues, same_time in rows:
        assert (part, offset) == places[i] and recorded == part
        assert same_time in (None, True)
        assert issues == (["large: amount: 700.00 is above max 500"] if i == 3 else None)


def check_ledger(home):
    """A chain of kind replay for each partition, without holes; events count once."""
    chains = home.database.rows("SELECT partition_id, from_offset, to_offset, n_in, n_loaded"
                                " FROM tidegate.ledger WHERE kind = 'replay'"
                                " ORDER BY partition_id, from_offset")
    ends = {}
    for partition, start, end, n_in, n_loaded in chains:
        assert start == ends.get(partition, 0) and end - start == n_in == n_loaded
        ends[partition] = end
    assert sum(ends.values()) == home.statuses()["replayed"]
    assert home.database.rows("SELECT n_in, n_quarantined, n_replayed FROM tidegate.balance") == [
        (8, 6, 3)]
    assert home.database.value("SELECT count(DISTINCT (partition_id, replayed_as)) FROM"
                               " tidegate.quarantine WHERE status = 'replayed'") == 3


def test_headers_and_keys_come_back(home):
    headers = [("source", b"shop"), ("odd", b"\xff"), ("none", None)]
    home.load([(b"k1", {"id": 1, "amount": 99}, headers)])
    home.rules(LOOSE)
    assert home.quarantine("replay")[0] == 0
    assert home.database.rows("SELECT id, key, source FROM events") == [(1, "k1", "shop")]


def test_rows_that_postgresql_refuses_stay(home):
    amounts = [20 + i for i in range(100)]
    home.load(events(amounts))
    home.database.execute("ALTER TABLE events ADD CONSTRAINT even CHECK (amount % 2 = 0)")
    home.rules(LOOSE)
    code, out, err = home.quarantine("replay", "--json")
    assert code == 0, err
    assert (lines(out)[0]["loaded"], lines(out)[0]["refused"]) == (50, 50)
    assert home.ids() == list(range(0, 100, 2))
    assert home.database.rows("SELECT stage, attempts, count(*) FROM tidegate.quarantine"
                              " WHERE status = 'new' GROUP BY 1, 2") == [("load", 1, 50)]
    home.database.execute("ALTER TABLE events DROP CONSTRAINT even")
    assert home.quarantine("replay", "--stage", "load")[0] == 0
    assert home.ids() == list(range(100))


def test_ids_limit_and_attempts_say_what_is_replayed(home):
    home.load(events([20] * 6))
    home.rules(LOOSE)
    ids = [r["id"] for r in lines(home.quarantine("list", "--json")[1])]
    assert home.quarantine("replay", ids[0])[0] == 0
    assert home.quarantine("replay", "--limit", "2")[0] == 0
    assert home.statuses() == {"new": 3, "replayed": 3}
    home.database.execute("UPDATE tidegate.quarantine SET attempts = 10 WHERE status = 'new'")
    code, _, err = home.quarantine("replay")
    assert code == 3 and "3 rows were left out" in err
    left = next(i for i in ids if database_status(home, i) == "new")
    assert home.quarantine("replay", left)[0] == 0
    assert home.statuses() == {"new": 2, "replayed": 4}
    assert home.quarantine("replay", "7-3")[0] == 2


def database_status(home, row):
    return home.database.value("SELECT status FROM tidegate.quarantine WHERE partition_id = %s"
                               ' AND "offset" = %s', tuple(int(x) for x in row.split(":")))


def killed(home, faults, code=86):
    """Replays with these fault points, which must end the process; and once more without."""
    other = home.make("killed", faults=faults)
    other.config = home.process.config
    other.script("events.lua", (home.process.folder / "scripts/events.lua").read_text())
    other.configure()
    done = subprocess.run([other.program, "quarantine", "replay"], cwd=other.folder, check=False,
                          env={"TG_FAULT_POINTS": faults}, capture_output=True)
    assert done.returncode == code, done.stderr
    assert home.quarantine("replay")[0] in (0, 3)


@pytest.mark.parametrize("fault, code", [("exit", 86), ("fail", 75)])
def test_a_replay_that_is_cut_off_and_run_again_loads_each_once(home, fault, code):
    home.load(events([20] * 500))
    home.rules(LOOSE)
    killed(home, f"replay.before_commit={fault}", code)
    assert home.ids() == list(range(500)) and home.statuses() == {"replayed": 500}


def test_negative_control_status_apart_from_rows(home):
    home.load(events([20] * 50))
    home.rules(LOOSE)
    killed(home, "no.replay_status,replay.before_commit=exit")
    assert len(home.ids()) > 50, "the test would not notice rows that come twice"


def test_two_replays_at_once_share_the_rows(home):
    """While the process loads into the same table."""
    home.load(events([20] * 3000))
    home.rules(LOOSE)
    home.process.start()
    home.kafka.produce(home.topic, [{"id": 3000 + i, "amount": 1} for i in range(500)])
    both = [subprocess.Popen([home.process.program, "quarantine", "replay"],
                             cwd=home.process.folder, stdout=subprocess.PIPE) for _ in range(2)]
    assert {p.wait() for p in both} <= {0, 3}
    for p in both:
        p.stdout.close()
    home.quarantine("replay")
    home.process.until(lambda: scripts.done(home.database, home.kafka, home.topic))
    assert home.ids() == list(range(3500)) and home.statuses() == {"replayed": 3000}


def test_state_by_key_is_read_and_not_advanced(home):
    """A copy of an event that was loaded is still known when it is replayed; nothing is saved."""
    unique = 'unique_in_window { { "id" }, "1h", on_fail = "drop", per_partition = true }'
    state = ("SELECT partition_id, rule, from_offset, to_offset, state FROM tidegate.rule_state"
             " ORDER BY 1, 2, 3")
    home.load([("k", e, None) for e in ({"id": 1, "amount": 1}, {"id": 2, "amount": 99},
                                        {"id": 1, "amount": 99})], rules=(unique, STRICT))
    before = home.database.rows(state)
    assert before and home.statuses() == {"new": 2}
    home.rules(unique, LOOSE)
    code, out, err = home.quarantine("replay", "--json")
    assert code == 0, err
    assert (lines(out)[0]["loaded"], lines(out)[0]["dropped"]) == (1, 1)
    assert home.ids() == [1, 2] and home.statuses() == {"replayed": 2}
    assert home.database.rows(state) == before
    assert home.database.rows("SELECT drops FROM tidegate.ledger WHERE kind = 'replay'") == [
        ({"unique_in_window(id)": 1},)]


def test_rules_that_raise_open_breakers_and_outputs_hold_a_replay_back(home):
    home.load(events([20, 20]))
    home.process.rule("raising.lua", 'return { doc = "d", dimension = "validity", params = {},'
                      ' reason = "r", check = function(b) if b.rows > 0 then error("oh") end'
                      ' return b.id:ge(0) end, tests = {} }')
    home.rules(LOOSE, "raising {}")
    code, out, err = home.quarantine("replay")
    assert code == 0 and "2 refused again" in out and "oh" in out, (out, err)
    assert home.ids() == [] and home.statuses() == {"new": 2}
    home.rules(LOOSE)
    pipeline = home.process.config["pipeline"]
    home.database.execute("INSERT INTO tidegate.breaker (pipeline, topic, state) VALUES"
                          f" ('{pipeline}', 'events', 'open')")
    code, _, err = home.quarantine("replay")
    assert code == 78 and "breaker" in err and home.ids() == []
    home.database.execute("DELETE FROM tidegate.breaker")
    home.rules(LOOSE, outputs='{ "copies" }')
    code, _, err = home.quarantine("replay")
    assert code == 78 and "--without-outputs" in err and home.ids() == []
    assert home.quarantine("replay", "--without-outputs")[0] == 0
    assert home.ids() == [0, 1]


def test_export_discard_and_requeue(home):
    home.load([*events([20, 30]), b"\xff\x00{"])
    code, out, err = home.quarantine("export", "--out", "kept.ndjson")
    assert (code, out) == (0, ""), err
    rows = lines((home.process.folder / "kept.ndjson").read_text())
    assert {json.loads(r["value"])["amount"] for r in rows if r["stage"] == "rule"} == {20, 30}
    assert [base64.b64decode(r["value_base64"]) for r in rows if r["stage"] == "decode"] == [
        b"\xff\x00{"]
    assert home.quarantine("export", "--out", "kept.ndjson")[0] == 1, "a file was overwritten"
    assert lines(home.quarantine("export", "--stage", "rule", "--limit", "1")[1]) == [
        r for r in rows if r["stage"] == "rule"][:1]

    assert lines(home.quarantine("export", "--match", "30")[1]) == [
        r for r in rows if "30" in r["reason"]]

    assert home.quarantine("discard", "--reason", "all")[0] == 2, "discarded without a filter"
    assert home.quarantine("discard", "--stage", "decode")[0] == 2, "discarded without a reason"
    code, out, _ = home.quarantine("discard", "--stage", "decode", "--reason", "not ours")
    assert (code, out) == (0, "rows discarded: 1\n")
    assert home.statuses() == {"new": 2, "discarded": 1}
    note = home.database.value("SELECT message FROM tidegate.journal WHERE kind = 'quarantine'")
    assert note.startswith("rows discarded: 1, by ") and note.endswith(": not ours")
    assert home.quarantine("discard", "--stage", "decode", "--reason", "again")[0] == 3
    assert home.quarantine("requeue", "--stage", "decode", "--reason", "is ours")[0] == 0
    assert home.statuses() == {"new": 3}
    row = rows[0]["id"]
    assert home.quarantine("discard", row, "--reason", "this one")[0] == 0
    assert database_status(home, row) == "discarded"
    code, out, err = home.quarantine("show", row, "--json")
    assert code == 0 and lines(out)[0]["status"] == "discarded", err
    with pytest.raises(psycopg.errors.CheckViolation):
        home.database.execute("UPDATE tidegate.quarantine SET status = 'lost'")


def test_settled_rows_go_after_their_time_and_new_ones_stay(home):
    home.load(events([20, 30, 40]))
    ids = [r["id"] for r in lines(home.quarantine("list", "--json")[1])]
    for row in ids[:2]:
        assert home.quarantine("discard", row, "--reason", "x")[0] == 0
    home.database.execute("UPDATE tidegate.quarantine SET settled_at = now() - interval '2 days',"
                          " created_at = now() - interval '9 days'")
    home.database.execute("UPDATE tidegate.quarantine SET settled_at = now() WHERE partition_id ="
                          ' %s AND "offset" = %s', tuple(int(x) for x in ids[0].split(":")))
    home.process.config["quarantine"] = {"keep": "1d"}
    home.process.start()
    home.process.until(lambda: home.statuses() == {"new": 1, "discarded": 1})
    home.process.until(lambda: home.database.rows(
        "SELECT message FROM tidegate.journal WHERE message LIKE '%%quarantine.keep%%'")
        == [("1 rows older than quarantine.keep were removed",)])
