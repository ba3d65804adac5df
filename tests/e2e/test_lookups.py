"""Lookups: tables that scripts ask by key. Read before the first event, read again while it runs,
and what happens when that fails."""
import json

import pytest

from lib import scripts
from lib.poll import eventually

FIELDS = ['"id bigint not null"', '"ccy text"', '"rate numeric(8,4) computed"']
RATES = '{ rates = { table = "fx", key = "ccy", value = "rate"%s } }'
TRANSFORM = "b.rate = lookup.rates[b.ccy]"


class Shop:
    """One topic that looks up a rate for each event."""

    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.database, self.sent = kafka, database, 0
        self.topic = topic("events", partitions=1)
        self.process = tidegate(lanes=1)

    def script(self, policy="", **parts):
        lookups = parts.pop("lookups", RATES % policy)
        parts = {"transform": TRANSFORM, **parts}
        self.process.script("events.lua", scripts.topic(
            self.topic, "events", fields=FIELDS, lookups=lookups, **parts))
        return self

    def table(self, **rates):
        self.database.execute("CREATE TABLE IF NOT EXISTS fx (ccy text, rate numeric, note jsonb)")
        for ccy, rate in rates.items():
            self.database.execute("DELETE FROM fx WHERE ccy = %s", (ccy,))
            self.database.execute("INSERT INTO fx VALUES (%s, %s, '[1]')", (ccy, rate))
        return self

    def send(self, ccy):
        """Sends one event; returns its id."""
        self.sent += 1
        self.kafka.produce(self.topic, [{"id": self.sent, "ccy": ccy}])
        return self.sent

    def done(self):
        self.process.until(lambda: scripts.done(self.database, self.kafka, self.topic))

    def loaded(self, ccy):
        """The rate that an event of this currency gets now."""
        number = self.send(ccy)
        self.done()
        rows = self.database.rows("SELECT rate FROM events WHERE id = %s", (number,))
        return rows[0][0] if rows else "rejected"

    def state(self):
        return self.process.status()["topics"][0]


@pytest.fixture
def shop(kafka, topic, tidegate, database):
    return Shop(kafka, topic, tidegate, database)


def test_a_value_is_found_refreshed_and_named_in_the_ledger(shop, database):
    shop.table(EUR=1, USD="0.9").script(', refresh = "1s"').process.start()
    assert float(shop.loaded("USD")) == 0.9
    assert shop.loaded("GBP") == "rejected"
    assert list(scripts.rejected(database, shop.topic).values()) == [
        ["transform", "rate", "rate: not found in the lookup"]]
    shop.table(USD="0.8", GBP="1.2")
    shop.process.until(lambda: float(shop.loaded("USD")) == 0.8)
    assert float(shop.loaded("GBP")) == 1.2
    versions = [row[0]["rates"] for row in database.rows(
        "SELECT lookups FROM tidegate.ledger WHERE n_in > 0 ORDER BY from_offset")]
    assert versions == sorted(versions) and len(set(versions)) >= 2, versions
    # a version is the time of the server at which the snapshot was read
    assert database.value("SELECT bool_and((lookups->>'rates')::timestamptz <= committed_at)"
                          " FROM tidegate.segment WHERE n_in > 0")
    assert shop.process.metric("lookup_rows", topic="events", lookup="rates") == 3
    assert shop.process.metric("lookup_age_seconds", topic="events", lookup="rates") < 60
    seen, = shop.process.status()["lookups"]
    assert (seen["topic"], seen["lookup"], seen["rows"]) == ("events", "rates", 3)
    assert seen["version"] >= versions[-1] and seen["age_seconds"] < 60
    _, out, _ = shop.process.command("status")
    assert seen["version"][:10] in out


def test_a_topic_waits_for_its_first_snapshot(shop, database):
    shop.script().process.start(ready=False)
    shop.send("EUR")
    shop.process.until(lambda: "there is no table" in shop.state()["reason"])
    assert shop.process.metric("lookup_refresh_failures_total", lookup="rates") >= 1
    assert database.value("SELECT count(*) FROM tidegate.segment") == 0
    shop.table(EUR=1)
    shop.done()
    assert database.rows("SELECT id, rate::int FROM events") == [(1, 1)]


def test_a_stale_lookup_keeps_data_out(shop, database):
    shop.table(EUR=1).script(', refresh = "1s", stale_after = "4s"').process.start()
    assert float(shop.loaded("EUR")) == 1
    database.execute("ALTER TABLE fx RENAME TO gone")
    eventually(lambda: shop.process.metric("lookup_age_seconds", lookup="rates") > 4)
    assert shop.process.status()["lookups"][0]["stale"]
    assert "STALE" in shop.process.command("status")[1]
    number = shop.send("EUR")
    shop.process.until(lambda: shop.state()["breaker"] == "open")
    assert "lookup 'rates' is stale" in shop.state()["reason"]
    assert database.value("SELECT count(*) FROM events WHERE id = %s", (number,)) == 0
    assert database.value("SELECT count(*) FROM tidegate.journal WHERE kind = 'lookup'"
                          " AND message LIKE '%%stale%%nothing passes%%'") == 1
    database.execute("ALTER TABLE gone RENAME TO fx")
    eventually(lambda: shop.process.metric("lookup_age_seconds", lookup="rates") < 3)
    assert shop.process.command("breaker", "reset", "events", "--reason", "back")[0] == 0
    shop.done()
    assert database.value("SELECT rate::int FROM events WHERE id = %s", (number,)) == 1


def test_an_old_snapshot_may_go_on_or_answer_null(shop, database):
    policy = 'table = "fx", key = "ccy", refresh = "1s", stale_after = "4s"'
    shop.table(EUR=1).script(
        lookups='{ warn = { %s, value = "rate", on_stale = "warn" },'
                ' skip = { %s, value = "rate", on_stale = "skip" } }' % (policy, policy),
        transform="b.rate = lookup.warn[b.ccy]\n"
                  "b.ccy = when(lookup.skip:has(b.ccy), 'known', 'none')").process.start()
    shop.send("EUR")
    shop.done()
    database.execute("ALTER TABLE fx RENAME TO gone")
    eventually(lambda: min(shop.process.metric("lookup_age_seconds", lookup=n)
                           for n in ("warn", "skip")) > 4)
    shop.send("EUR")
    shop.done()
    assert [tuple(map(str, row)) for row in database.rows(
        "SELECT id, ccy, rate::int FROM events ORDER BY id")] == [
            ("1", "known", "1"), ("2", "none", "1")]


def test_a_reload_reads_the_lookups_of_the_new_set_first(shop, database):
    shop.table(EUR=1).script().process.start()
    assert float(shop.loaded("EUR")) == 1
    shop.script(lookups='{ rates = { table = "fx", key = "ccy", value = "price" } }')
    shop.process.reload()
    shop.process.until(lambda: shop.process.metric("reloads_total", result="refused") == 1)
    assert "lookup 'rates': there is no column price" in shop.process.log()
    assert float(shop.loaded("EUR")) == 1
    database.execute("ALTER TABLE fx ADD price int DEFAULT 7")
    shop.process.reload()
    shop.process.until(lambda: shop.process.metric("reloads_total", result="ok") == 1)
    assert float(shop.loaded("EUR")) == 7


def test_a_file_is_part_of_the_set(shop, database):
    def rates(rate):
        (shop.process.folder / "scripts" / "fx.csv").write_text(f"ccy,rate\nEUR,{rate}\n")
    rates(1)
    shop.script(lookups='{ rates = { file = "fx.csv", key = "ccy", value = "rate" } }')
    shop.process.start()
    assert float(shop.loaded("EUR")) == 1
    rates("2.5")
    shop.process.reload()
    shop.process.until(lambda: shop.process.metric("reloads_total", result="ok") == 1)
    assert float(shop.loaded("EUR")) == 2.5
    assert database.rows("SELECT count(DISTINCT generation), count(lookups) FROM tidegate.segment"
                         " WHERE n_in > 0") == [(2, 0)]


def test_check_asks_the_tables(shop, database):
    database.execute("CREATE TABLE fx (ccy text)")
    shop.script(', where = "nonsense = 1"')
    code, _, err = shop.process.command("check", "--connect")
    assert code == 78 and "lookup 'rates': there is no column rate" in err
    database.execute("ALTER TABLE fx ADD rate int")
    code, _, err = shop.process.command("check", "--connect")
    assert code == 78 and "nonsense" in err
    shop.script()
    code, out, err = shop.process.command("check", "--connect")
    assert code == 0, json.dumps([out, err])
