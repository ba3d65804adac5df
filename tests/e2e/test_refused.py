"""Events that cannot be loaded: each is in the quarantine with stage, field and reason, the others
of its batch are in the table, and nothing is tried for ever."""
import json

import psycopg
import pytest

from lib import scripts
from lib.poll import eventually

FIELDS = ['"id bigint not null"', '"name text"', '"amount numeric(6,2)"', '"at timestamptz"',
          '"small smallint"', '"day date"']
TABLE = """CREATE TABLE {} (id bigint NOT NULL, name text, amount numeric(6,2), at timestamptz,
  small smallint, day date, _part int NOT NULL, _offset bigint NOT NULL, _issues text[] {})"""

MIB = 1 << 20
GOOD = {"id": 1, "name": "good", "amount": 1.5}

# what: (the event, stage, field, a part of the reason)
REFUSED = {
    "bad JSON": (b'{"id": 1, "name": "x"', "decode", None, "not JSON"),
    "not an object": (b"[1]", "decode", None, "not a JSON object"),
    "something behind": (b'{"id": 1} x', "decode", None, "something behind its end"),
    "NUL in text": (b'{"id": 1, "name": "a\\u0000b"}', "decode", "name", "\\u0000"),
    "lone surrogate": (b'{"id": 1, "name": "\\ud800"}', "decode", "name", "lone surrogate"),
    "invalid UTF-8": (b'{"id": 1, "name": "\xff\xfe"}', "decode", None, "UTF-8"),
    "number overflow": ({"id": 1, "small": 40000}, "decode", "small", "40000"),
    "bigint overflow": (b'{"id": 9223372036854775808}', "decode", "id", "9223372036854775808"),
    "numeric overflow": ({"id": 1, "amount": 10000.00}, "decode", "amount", "10000"),
    "null in NOT NULL": ({"id": None}, "decode", "id", "null in NOT NULL"),
    "missing NOT NULL": ({"name": "x"}, "decode", "id", "null in NOT NULL"),
    "year 99999": ({"id": 1, "at": "99999-01-01T00:00:00Z"}, "decode", "at", "99999-01-01"),
    "no such day": ({"id": 1, "day": "2026-02-30"}, "decode", "day", "2026-02-30"),
    "wrong type": ({"id": {"a": 1}}, "decode", "id", '{"a": 1}'),
    "a number as text": ({"id": 1, "name": 5}, "decode", "name", "5"),
    "deep nesting": (b'{"id": 1, "x": ' + b"[" * 5000 + b"]" * 5000 + b"}", "decode", None,
                     "nested deeper than 64"),
    "empty value": (b"", "decode", None, "empty"),
    "tombstone": (None, "decode", None, "tombstone"),
    "10 MB": (b'{"id": 1, "name": "' + b"x" * (10 * MIB) + b'"}', "decode", None,
              "event_bytes_max"),
    "CHECK": ({"id": 1, "name": "checked", "amount": -5}, "load", None, "no_negatives"),
    "unique": ({"id": 2, "name": "unique"}, "load", None, "one_of_each"),
}


def test_one_of_each_is_in_the_quarantine_with_its_reason(kafka, topic, tidegate, database):
    name = topic(partitions=1, max_message_bytes=12 * MIB)
    database.execute(TABLE.format("events", ", CONSTRAINT no_negatives CHECK (amount >= 0)"))
    database.execute("CREATE UNIQUE INDEX one_of_each ON events (name) WHERE name = 'unique'")
    events = [GOOD, {"id": 3, "name": "unique"}]
    for refused, *_ in REFUSED.values():
        events += [refused, GOOD]
    events += [b'{"id": 4, "name": "first", "name": "last"}']
    places = kafka.produce(name, events, **{"message.max.bytes": 20 * MIB})
    process = tidegate(lanes=1, load={"linger": "2s"})
    process.script("events.lua", scripts.topic(name, "events", FIELDS))
    process.start(ready=False)
    process.until(lambda: scripts.done(database, kafka, name))

    found = scripts.rejected(database, name)
    for i, (what, (_, stage, field, reason)) in enumerate(REFUSED.items()):
        place = places[2 + 2 * i]
        assert place in found, f"{what} is not in the quarantine"
        assert found[place][:2] == [stage, field] and reason in found[place][2], (
            f"{what}: {found[place]}")
    assert len(found) == len(REFUSED)
    assert database.value("SELECT count(*) FROM events WHERE name = 'good'") == 1 + len(REFUSED)
    assert database.rows("SELECT name FROM events WHERE id = 4") == [("last",)]
    assert database.value("SELECT count(*) FROM events") == len(events) - len(REFUSED)
    assert database.value("SELECT count(*) FROM tidegate.segment") <= 3, "not one batch"
    assert_raw_bytes_are_kept(database, events, places)
    assert_at_rest(process)


def assert_raw_bytes_are_kept(database, events, places):
    kept = {offset: (value, size) for offset, value, size in database.rows(
        'SELECT "offset", value, value_size FROM tidegate.quarantine')}
    for event, (_, offset) in zip(events, places):
        if offset in kept and event is not None:
            raw = event if isinstance(event, bytes) else json.dumps(event).encode()
            value, size = kept[offset]
            assert size == len(raw)
            assert bytes(value) == raw[:65536 if size > MIB else None]


def assert_at_rest(process):
    """Nothing waits, nothing is tried again and again."""
    process.until(lambda: process.metric("kafka_consumer_lag_records") == 0)
    assert process.metric("pg_transactions_total", outcome="retried") <= 1
    committed = process.metric("pg_transactions_total", outcome="committed")
    assert process.http("/readyz")[0] == 200, process.http("/readyz?verbose")[1]
    assert process.stop() == 0
    assert committed <= 10


def test_rows_that_other_tables_refuse(kafka, topic, tidegate, database):
    """A missing partition of a partitioned table, a foreign key."""
    parted, keyed = topic("parted", partitions=1), topic("keyed", partitions=1)
    columns = "_part int NOT NULL, _offset bigint NOT NULL, _issues text[]"
    database.execute(f"CREATE TABLE parted (id bigint NOT NULL, name text, amount numeric(6,2),"
                     f" {columns}) PARTITION BY RANGE (id)")
    database.execute("CREATE TABLE parted_0 PARTITION OF parted FOR VALUES FROM (0) TO (100)")
    database.execute("CREATE TABLE parent AS SELECT n AS id FROM generate_series(1, 10) n")
    database.execute("ALTER TABLE parent ADD PRIMARY KEY (id)")
    database.execute(f"CREATE TABLE keyed (id bigint NOT NULL CONSTRAINT known_parent REFERENCES"
                     f" parent, name text, amount numeric(6,2), {columns})")
    kafka.produce(parted, [{"id": n} for n in (1, 2, 500, 3)])
    kafka.produce(keyed, [{"id": n} for n in (1, 77, 2)])
    process = tidegate(lanes=1)
    process.script("parted.lua", scripts.topic(parted, "parted"))
    process.script("keyed.lua", scripts.topic(keyed, "keyed"))
    process.start(ready=False)
    process.until(lambda: scripts.done(database, kafka, parted)
                  and scripts.done(database, kafka, keyed))
    (place, (stage, _, reason)), = scripts.rejected(database, parted).items()
    assert place == (0, 2) and stage == "load" and "no partition" in reason, (place, reason)
    (place, (stage, _, reason)), = scripts.rejected(database, keyed).items()
    assert place == (0, 1) and stage == "load" and "known_parent" in reason, (place, reason)
    assert database.rows("SELECT id FROM parted ORDER BY id") == [(1,), (2,), (3,)]
    assert database.rows("SELECT id FROM keyed ORDER BY id") == [(1,), (2,)]
    assert_at_rest(process)


class Pair:
    """Two topics of one lane; something is wrong with the table of the first."""

    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.database = kafka, database
        self.bad, self.good = topic("bad", partitions=1), topic("good", partitions=1)
        self.process = tidegate(lanes=1)
        self.process.script("bad.lua", scripts.topic(self.bad, "bad"))
        self.process.script("good.lua", scripts.topic(self.good, "good"))

    def start(self):
        self.process.start()
        return self.process

    def rows(self, table):
        return self.database.value(f"SELECT count(*) FROM {table}")

    def one_waits_the_other_goes_on(self, reason):
        """Produces to both; the good topic is loaded, the bad one says what it waits for."""
        self.kafka.produce(self.bad, [{"id": n} for n in range(3)])
        self.process.until(lambda: reason in self.topic("bad")["reason"])
        before = self.rows("good")
        self.kafka.produce(self.good, [{"id": n} for n in range(5)])
        self.process.until(lambda: self.rows("good") == before + 5)
        # A probe may find nothing wrong: between it and the next load the topic does not wait.
        self.process.until(lambda: "bad waits" in self.process.http("/readyz")[1])
        assert self.process.http("/livez")[0] == 200
        assert self.process.http("/livez")[0] == 200

    def topic(self, name):
        return next(t for t in self.process.status()["topics"] if t["topic"] == name)

    def resumes(self, rows):
        """Without anybody's help."""
        self.process.until(lambda: self.rows("bad") == rows)
        self.process.until(lambda: not self.topic("bad")["waits"])
        assert scripts.rejected(self.database, self.bad) == {}


@pytest.fixture
def pair(kafka, topic, tidegate, database):
    return Pair(kafka, topic, tidegate, database)


def test_a_trigger_that_swallows_rows_holds_its_topic_only(pair):
    pair.start()
    pair.database.execute("CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS"
                          " 'BEGIN RETURN NULL; END'")
    pair.database.execute("CREATE TRIGGER gone BEFORE INSERT ON bad FOR EACH ROW"
                          " EXECUTE FUNCTION gone()")
    pair.one_waits_the_other_goes_on("trigger")
    assert pair.rows("bad") == 0
    assert scripts.chain(pair.database, pair.bad) == {0: 0}


def test_a_locked_table_holds_its_topic_only_and_goes_on_by_itself(pair, postgres):
    pair.start()
    with postgres.connect(pair.database.name) as locker:
        with locker.transaction():
            locker.execute("LOCK TABLE bad IN ACCESS EXCLUSIVE MODE")
            pair.one_waits_the_other_goes_on("lock")
    pair.resumes(3)


def test_a_load_too_big_for_the_server_is_cut_until_it_fits(pair):
    """A trigger that takes 1 ms a row, statements of at most 1 s, 4,000 events of one load."""
    pair.process.config["postgres"]["statement_timeout"] = "1s"
    pair.process.config["load"] = {"linger": "2s"}
    pair.start()
    pair.database.execute("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
                          " 'BEGIN PERFORM pg_sleep(0.001); RETURN new; END'")
    pair.database.execute("CREATE TRIGGER slow BEFORE INSERT ON bad FOR EACH ROW"
                          " EXECUTE FUNCTION slow()")
    pair.kafka.produce(pair.bad, [{"id": n} for n in range(4000)])
    pair.kafka.produce(pair.good, [{"id": n} for n in range(10)])
    pair.process.until(lambda: pair.rows("good") == 10 and pair.rows("bad") == 4000)
    assert pair.database.value("SELECT count(DISTINCT id) FROM bad") == 4000
    assert "took longer than postgres.statement_timeout" in pair.process.log()
    assert scripts.done(pair.database, pair.kafka, pair.bad)
    assert not pair.topic("bad")["waits"]


def test_loads_grow_again_as_soon_as_the_server_is_quick(pair):
    """Few rows came while every statement took too long: their number is no measure of anything."""
    pair.process.config["postgres"]["statement_timeout"] = "2s"
    pair.start()
    pair.database.execute("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
                          " 'BEGIN PERFORM pg_sleep(3); RETURN NULL; END'")
    pair.database.execute("CREATE TRIGGER slow BEFORE INSERT ON bad FOR EACH STATEMENT"
                          " EXECUTE FUNCTION slow()")
    pair.kafka.produce(pair.bad, [{"id": n} for n in range(40)])
    pair.process.until(lambda: "rows for now" in pair.process.log())
    pair.database.execute("DROP TRIGGER slow ON bad")

    def grown():
        pair.kafka.produce(pair.bad, [{"id": n} for n in range(500)])
        return pair.process.log().count("rows again") >= 3
    pair.process.until(grown)


def test_a_dropped_table_is_made_again(pair):
    """The operator dropped it: what comes is loaded into a new one, as at a first start."""
    pair.start()
    pair.database.execute("DROP TABLE bad")
    pair.kafka.produce(pair.bad, [{"id": n} for n in range(3)])

    def there():
        try:
            return pair.rows("bad") == 3
        except psycopg.errors.UndefinedTable:
            return False
    pair.process.until(there)
    assert pair.process.running()


def test_a_dropped_table_that_may_not_be_made_holds_its_topic_only(pair):
    pair.process.config["postgres"]["create_tables"] = False
    columns = ("(id bigint NOT NULL, name text, amount numeric(6,2), _part int NOT NULL,"
               " _offset bigint NOT NULL, _issues text[])")
    pair.database.execute(f"CREATE TABLE bad {columns}")
    pair.database.execute(f"CREATE TABLE good {columns}")
    pair.start()
    pair.database.execute("DROP TABLE bad")
    pair.one_waits_the_other_goes_on("bad")
    pair.database.execute(f"CREATE TABLE bad {columns}")
    pair.resumes(3)


def test_a_table_that_cannot_take_the_rows_is_named_at_start(kafka, topic, tidegate, database):
    name = topic(partitions=1)
    database.execute("CREATE TABLE events (id text NOT NULL, name text)")
    process = tidegate(lanes=1)
    process.script("events.lua", scripts.topic(name, "events"))
    process.start(ready=False)
    process.until(lambda: process.http("/readyz")[0] == 503
                  and "id" in process.http("/readyz")[1]
                  and "events waits" in process.http("/readyz")[1])
    assert eventually(lambda: process.status())["topics"][0]["waits"]
    code, _, err = process.command("check", "--connect")
    assert code == 78 and "events" in err and "id" in err
