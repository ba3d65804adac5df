"""The queue of rows that were loaded with issues: listed by topic, rule and time, accepted with a
reason, put back; large tables only by their index."""
import json

import pytest

from lib import scripts

RULES = ['between { "amount", max = 10, on_fail = "tag" }', 'not_null { "name", on_fail = "tag" }']


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def home(kafka, topic, tidegate, database):
    """40 rows in 2 partitions: every 4th is too large, every 10th has no name."""
    name = topic("events", partitions=2)
    process = tidegate(lanes=1)
    process.script("events.lua", scripts.topic(name, "events", rules=RULES))
    kafka.produce(name, [{"id": i, "amount": 99 if i % 4 == 0 else 1,
                          **({} if i % 10 == 0 else {"name": "x"})} for i in range(40)])
    process.start()
    process.until(lambda: scripts.done(database, kafka, name))
    assert process.stop() == 0
    return process


def queue(home, *args):
    code, out, err = home.command("review", "list", "--json", *args)
    assert code in (0, 3), err
    return lines(out)


def tagged(database, where="true"):
    return {f"{part}:{offset}" for part, offset in database.rows(
        f"SELECT _part, _offset FROM events WHERE _issues IS NOT NULL AND {where}")}


@pytest.mark.parametrize("indexed", [False, True])
def test_rows_wait_until_somebody_accepts_them(home, database, indexed):
    if indexed:
        for _ in range(2):
            assert home.command("review", "index", "--topic", "events")[0] == 0
        assert database.value("SELECT count(*) FROM pg_indexes WHERE tablename = 'events'") == 1
    rows = queue(home)
    assert {r["id"] for r in rows} == tagged(database) and len(rows) == 12
    assert [r["id"] for r in rows] == sorted((r["id"] for r in rows),
                                             key=lambda i: [int(x) for x in i.split(":")])
    large = queue(home, "--rule", "between(amount)")
    assert {r["id"] for r in large} == tagged(database, "amount > 10") and len(large) == 10
    assert all("between(amount): amount: 99" in r["issues"] for r in large)
    assert queue(home, "--since", "1 hour") == rows and queue(home, "--topic", "other") == []
    assert queue(home, "--limit", "5") == rows[:5]

    assert home.command("review", "accept", "--reason", "all")[0] == 2, "accepted without a filter"
    assert home.command("review", "accept", "--topic", "events")[0] == 2, "without a reason"
    before = database.rows("SELECT * FROM events ORDER BY id")
    code, out, err = home.command("review", "accept", "--rule", "not_null(name)",
                                  "--reason", "known")
    assert (code, out) == (0, "events: rows accepted: 4\n"), err
    assert database.rows("SELECT * FROM events ORDER BY id") == before, "the table is the user's"
    assert {r["id"] for r in queue(home)} == tagged(database, "name IS NOT NULL")
    first = queue(home)[0]["id"]
    assert home.command("review", "accept", first, "--reason", "seen")[0] == 0
    assert len(queue(home)) == 7
    row, = lines(home.command("review", "show", first, "--json")[1])
    assert row["reason"] == "seen" and row["reviewer"] and json.loads(row["row"])["amount"] == 99
    assert home.command("review", "accept", first, "--reason", "again")[0] == 3
    assert home.command("review", "reopen", first, "--reason", "by mistake")[0] == 0
    assert queue(home)[0]["id"] == first
    notes = [m for m, in database.rows("SELECT message FROM tidegate.journal WHERE kind = 'review'"
                                       " ORDER BY id")]
    assert [n.split(",")[0] for n in notes] == [
        "rows accepted: 4", "rows accepted: 1", "rows reopened: 1"]
    assert notes[2].endswith(": by mistake")


def test_since_goes_by_when_the_offsets_were_committed(home, database):
    database.execute("UPDATE tidegate.segment SET committed_at = now() - interval '2 days'")
    assert queue(home, "--since", "1 day") == [] and len(queue(home, "--since", "3 days")) == 12
    code, _, err = home.command("review", "list", "--since", "soon")
    assert code == 78 and "interval" in err


def test_a_large_table_is_not_read_as_a_whole(home, database):
    database.execute("UPDATE pg_class SET reltuples = 200000 WHERE relname = 'events'")
    code, _, err = home.command("review", "list")
    assert code == 78 and "tidegate review index --topic events" in err
    assert home.command("review", "list", "--scan")[0] == 0
    assert home.command("review", "index", "--topic", "events")[0] == 0
    assert len(queue(home)) == 12
