"""Scripts change while it runs: the new set replaces the old one between two loads, or it is
refused, says why, and the old one stays."""
import json
import threading

import pytest

from lib import scripts
from lib.poll import eventually

TOKEN = "open-sesame"


@pytest.fixture
def shop(kafka, topic, tidegate, database):
    """A process of two lanes and one topic of four partitions, started."""
    process = tidegate(lanes=2, load={"rows": 500})
    (process.folder / "token").write_text(TOKEN + "\n", encoding="utf-8")
    process.config["http"]["token_file"] = "token"
    process.topic = topic("events", partitions=4)
    process.script("events.lua", scripts.topic(process.topic, "events"))
    return process.start()


def post(process, **headers):
    """POST /-/reload; (status, answer)"""
    wanted = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **headers}
    status, text = process.http("/-/reload", "POST",
                                {k: v for k, v in wanted.items() if v is not None}, b"")
    return status, json.loads(text)


class Stream:
    """Events that keep coming until stop(); .places counts them."""

    def __init__(self, kafka, topic):
        self.kafka, self.topic, self.sent, self.on = kafka, topic, 0, True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.on:
            events = [{"id": self.sent + n, "name": "x"} for n in range(500)]
            self.kafka.produce(self.topic, events)
            self.sent += len(events)

    def stop(self):
        self.on = False
        self.thread.join(60)
        return self.sent


def test_sets_are_swapped_under_load_and_no_event_is_lost(shop, kafka, database):
    stream = Stream(kafka, shop.topic)
    seen = []
    for n in range(1, 6):
        shop.script("events.lua", scripts.topic(
            shop.topic, "events", transform=f"b.name = b.name .. '{n}'"))
        shop.reload()
        shop.until(lambda n=n: shop.metric("reloads_total", result="ok") == n)
        seen.append(shop.status()["generation"])
        shop.until(lambda g=seen[-1]: database.value(  # it has loaded something
            "SELECT count(*) FROM tidegate.segment WHERE generation = %s", (g,)))
    sent = stream.stop()
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    assert database.rows("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM events") == [
        (sent, sent, 0, sent - 1)]
    assert len(set(seen)) == 5
    # each segment was made by one generation, and every row by the segment's
    assert database.value("""SELECT count(*) FROM events e JOIN tidegate.segment s
        ON s.partition_id = e._part AND e._offset >= s.from_offset AND e._offset < s.to_offset
        WHERE e.name <> 'x' || coalesce(nullif(array_position(%s, s.generation), 0)::text, '')""",
                          (seen,)) == 0
    kept = {row[0] for row in database.rows("SELECT sha256 FROM tidegate.generation")}
    assert set(seen) <= kept
    assert shop.stop() == 0


def test_a_refused_reload_keeps_the_old_set_and_says_why(shop, kafka, database):
    before = shop.status()["generation"]
    shop.script("events.lua", scripts.topic(shop.topic, "events", rules=['not_null { "nmae" }']))
    status, answer = post(shop)
    assert status == 422 and answer["result"] == "refused" and answer["generation"] == before
    assert "scripts/events.lua:10" in answer["faults"] and "name" in answer["faults"]
    code, out, err = shop.command("reload")
    assert (code, out) == (78, "")
    assert "scripts/events.lua:10" in err and before[:12] in err
    code, out, err = shop.command("reload", "--json")
    assert (code, json.loads(out)["result"], err) == (78, "refused", "")
    assert shop.metric("reloads_total", result="refused") == 3
    assert shop.metric("last_reload_successful") == 0
    kafka.produce(shop.topic, [{"id": 1}])
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    assert database.value("SELECT generation FROM tidegate.segment") == before
    _, out, _ = shop.command("status")
    assert "last reload was refused" in out and "scripts/events.lua:10" in out

    shop.script("events.lua", scripts.topic(shop.topic, "events", rules=['not_null { "name" }']))
    code, out, err = shop.command("reload")
    after = shop.status()["generation"]
    assert (code, err) == (0, "") and after != before and after in out
    code, out, err = shop.command("reload", "--json")
    assert (code, json.loads(out)["generation"], err) == (0, after, "")
    assert shop.metric("last_reload_successful") == 1
    assert [m for m, in database.rows("SELECT message FROM tidegate.journal WHERE kind = 'reload'"
                                      " ORDER BY id")][0].startswith("refused")


def test_a_table_that_does_not_fit_refuses_the_reload(shop, database):
    before = shop.status()["generation"]
    shop.script("events.lua", scripts.topic(shop.topic, "events", ['"id text not null"']))
    status, answer = post(shop)
    assert status == 422 and "id" in answer["faults"] and "bigint" in answer["faults"]
    assert shop.status()["generation"] == before
    assert shop.http("/readyz")[0] == 200
    assert database.value("SELECT count(*) FROM events") == 0


def test_a_new_field_becomes_a_column(shop, kafka, database):
    kafka.produce(shop.topic, [{"id": 1, "colour": "red"}])
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    shop.script("events.lua", scripts.topic(shop.topic, "events",
                                            [*scripts.EVENTS, '"colour text"']))
    assert post(shop)[0] == 200
    kafka.produce(shop.topic, [{"id": 2, "colour": "blue"}])
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    assert database.rows("SELECT id, colour FROM events ORDER BY id") == [(1, None), (2, "blue")]


def test_topics_come_and_go(shop, kafka, topic, database):
    late = topic("late", partitions=2)
    kafka.produce(late, [{"id": n} for n in range(10)])
    shop.script("late.lua", scripts.topic(late, "late"))
    assert post(shop)[0] == 200
    shop.until(lambda: scripts.done(database, kafka, late))
    assert database.value("SELECT count(*) FROM late") == 10
    shop.until(lambda: {t["topic"] for t in shop.status()["topics"]} == {"events", "late"})
    shop.until(lambda: shop.http("/readyz")[0] == 200)

    database.execute("DROP TABLE late")  # what is wrong with it goes with its script
    (shop.folder / "scripts" / "late.lua").unlink()
    assert post(shop)[0] == 200
    shop.until(lambda: {t["topic"] for t in shop.status()["topics"]} == {"events"})
    shop.until(lambda: sum(x["assigned"] for x in shop.status()["lanes"]) == 4)
    kafka.produce(late, [{"id": 99}])
    kafka.produce(shop.topic, [{"id": 99}])
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    assert sum(scripts.chain(database, late).values()) == 10
    shop.until(lambda: shop.http("/readyz")[0] == 200)
    assert shop.stop() == 0


def test_the_last_topic_may_not_go(shop):
    before = shop.status()["generation"]
    (shop.folder / "scripts" / "events.lua").unlink()
    status, answer = post(shop)
    assert status == 422 and "scripts" in answer["faults"]
    assert shop.status()["generation"] == before and shop.running()


CALLS = [
    ({"Authorization": None}, 401), ({"Authorization": "Bearer wrong"}, 401),
    ({"Authorization": f"Bearer {TOKEN}x"}, 401), ({"Authorization": f"Basic {TOKEN}"}, 401),
    ({"Content-Type": None}, 415), ({"Content-Type": "text/plain"}, 415),
    ({"Origin": "http://evil.example"}, 415), ({}, 200)]


def test_only_the_token_reloads(shop):
    for headers, status in CALLS:
        assert post(shop, **headers)[0] == status, headers
    assert shop.http("/-/reload")[0] == 405
    assert shop.metric("reloads_total", result="ok") == 1
    (shop.folder / "token").write_text("another", encoding="utf-8")  # read at each call
    assert post(shop)[0] == 401
    assert post(shop, Authorization="Bearer another")[0] == 200
    (shop.folder / "token").unlink()
    assert post(shop)[0] == 401
    code, out, err = shop.command("reload")
    assert code == 78 and out == "" and "token" in err


def test_without_a_token_only_a_signal_reloads(tidegate, topic, kafka):
    process = tidegate(lanes=1)
    name = topic(partitions=1)
    process.script("events.lua", scripts.topic(name, "events"))
    process.start()
    assert post(process)[0] == 401
    process.script("events.lua", scripts.topic(name, "events", transform="return"))
    process.reload()
    eventually(lambda: process.metric("reloads_total", result="ok") == 1)


def test_reload_of_a_process_that_does_not_run(tidegate):
    code, out, err = tidegate().command("reload")
    assert (code, out) == (75, "") and "error" in err


def keep(database, sha256, files="{}"):
    """Says that this set was taken over once."""
    database.execute("INSERT INTO tidegate.generation (pipeline, sha256, files)"
                     " SELECT pipeline, %s, %s::jsonb FROM tidegate.generation LIMIT 1",
                     (sha256, files))


def test_an_earlier_set_comes_back_until_the_next_reload(shop, kafka, database):
    first = shop.status()["generation"]
    shop.script("events.lua", scripts.topic(shop.topic, "events", transform="b.name = 'two'"))
    assert post(shop)[0] == 200
    second = shop.status()["generation"]
    code, out, err = shop.command("reload", "--to", first[:9], "--user", "ann")
    assert (code, err) == (0, "") and first in out
    status = shop.status()
    assert (status["generation"], status["generation_from"]) == (first, "database")
    assert [s["kind"] for s in status["stands"]] == ["recalled"]
    _, out, _ = shop.command("status")
    assert first[:12] + " is not what lies on disk: put back by ann" in out
    kafka.produce(shop.topic, [{"id": 1, "name": "one"}])
    shop.until(lambda: scripts.done(database, kafka, shop.topic))
    assert database.rows("SELECT e.name, s.generation FROM events e JOIN tidegate.segment s"
                         " ON s.partition_id = e._part") == [("one", first)]
    shop.until(lambda: database.value("SELECT count(*) FROM tidegate.journal WHERE kind = 'reload'"
                                      " AND message LIKE %s", (f"generation {first}%by ann",)))

    code, out, err = shop.command("reload")  # the folders are the truth again
    assert (code, err) == (0, "") and second in out
    assert shop.status()["generation_from"] == "disk" and shop.status()["healthy"]
    assert shop.command("reload", "--to", second)[0] == 0  # they hold that very set
    assert shop.status()["generation_from"] == "disk"


def test_only_a_whole_earlier_set_comes_back(shop, database):
    running = shop.status()["generation"]
    other = "0" if running[0] != "0" else "1"
    shop.until(lambda: database.value("SELECT count(*) FROM tidegate.generation"))
    keep(database, running[:8] + 56 * "x")
    keep(database, other + 63 * "f", '{"scripts/events.lua": "return {}"}')
    for name, why in [(running[:8], "several names begin"), ("events", "not the beginning"),
                      (other + "e", f"begins with {other}e; the newest: "),
                      ("", "1 to 64"), (65 * "a", "1 to 64"), (other, "does not add up")]:
        code, out, err = shop.command("reload", "--to", name)
        assert (code, out) == (78, "") and why in err, (name, err)
    assert running[:12] in shop.command("reload", "--to", other + "e")[2]
    assert shop.status()["generation"] == running
    assert shop.command("reload", "--to", running)[0] == 0
    status, text = shop.http("/-/reload", "POST", {"Authorization": f"Bearer {TOKEN}",
                                                   "Content-Type": "application/json"}, b"[1]")
    assert status == 400 and "error" in json.loads(text)


def strict(column):
    return f'not_null {{ "{column}", on_fail = "quarantine" }}'


@pytest.fixture
def single(kafka, topic, tidegate, database):
    """A process of one lane whose topic has 300 events, every third of them without a name."""
    process = tidegate(lanes=1)
    (process.folder / "token").write_text(TOKEN + "\n", encoding="utf-8")
    process.config["http"]["token_file"] = "token"
    process.topic = topic("events", partitions=2)
    process.script("events.lua", scripts.topic(process.topic, "events"))
    kafka.produce(process.topic, [{"id": n, "name": "x" if n % 3 else None} for n in range(300)])
    process.start()
    process.until(lambda: scripts.done(database, kafka, process.topic))
    return process


def test_a_dry_run_shows_what_would_change(single, database):
    before = single.status()["generation"]
    single.script("events.lua", scripts.topic(single.topic, "events", rules=[strict("name")],
                                              transform="b.name = b.name .. '!'"))
    code, out, err = single.command("reload", "--dry-run", "--json")
    answer = json.loads(out)
    assert (code, err, answer["result"], answer["generation"]) == (0, "", "dry-run", before)
    (seen,) = answer["canary"]
    assert (seen["topic"], seen["rows"], seen["otherwise"]) == ("events", 300, 100)
    assert (seen["was"]["load"], seen["is"]["load"], seen["is"]["quarantine"]) == (300, 200, 100)
    (rule,) = seen["rules"]
    assert (rule["was"], rule["is"]["verdict"], rule["is"]["failed"]) == (None, "fail", 100)
    (column,) = seen["columns"]
    assert (column["column"], column["rows"]) == ("name", 200)
    assert (column["example"]["was"], column["example"]["is"]) == ("x", "x!")
    assert [(e["was"], e["is"]) for e in seen["examples"]] == [("load", "quarantine")] * 3
    assert "name" in seen["examples"][0]["reason"]
    _, out, _ = single.command("reload", "--dry-run")
    assert ("canary: events: 100 of its newest 300 events end otherwise: load 300 -> 200, "
            "quarantine 0 -> 100\n") in out and "x -> x!" in out and before[:12] in out

    assert single.status()["generation"] == before  # nothing was taken over, nothing is told
    assert database.value("SELECT count(*) FROM tidegate.journal WHERE kind = 'reload'") == 0
    assert single.metric("reloads_total", result="ok") == 0
    code, out, err = single.command("reload")
    assert (code, err) == (0, "") and f"reloaded: generation {answer['wanted']}" in out
    assert "100 of its newest 300 events end otherwise; quarantined 0 -> 100" in single.log()
    _, out, _ = single.command("reload", "--dry-run")
    assert "canary: events: 0 of its newest 300 events end otherwise\n" in out
    single.command("reload", "--dry-run", "--to", before)
    assert single.status()["generation"] == answer["wanted"]


def test_a_set_that_would_refuse_most_events_is_refused(single):
    before = single.status()["generation"]
    single.script("events.lua", scripts.topic(single.topic, "events", rules=[strict("amount")]))
    for flags in [[], ["--dry-run"]]:
        code, out, err = single.command("reload", *flags)
        assert code == 78 and "quarantine 0 -> 300" in out
        assert "300 events 300 would be quarantined, 0 are now" in err and "--force" in err
    assert single.status()["generation"] == before
    code, out, err = single.command("reload", "--force")
    assert (code, err) == (0, "") and single.status()["generation"] in out
    assert single.status()["generation"] != before


def test_a_set_that_rejects_what_was_sound_is_rolled_back(single, kafka, database):
    first = single.status()["generation"]
    bad = scripts.topic(single.topic, "events", rules=[strict("name")])
    single.script("events.lua", bad)
    assert post(single)[0] == 200  # of the newest events a third would be refused: fewer than half
    second = single.status()["generation"]
    kafka.produce(single.topic, [{"id": n} for n in range(300, 600)])
    single.until(lambda: single.status()["last_reload"] == "rolled_back")
    status = single.status()
    assert (status["generation"], status["generation_from"]) == (first, "memory")
    assert "rows since the reload went to the quarantine" in status["last_reload_faults"]
    assert single.metric("reloads_total", result="rolled_back") == 1
    assert single.metric("last_reload_successful") == 0
    _, out, _ = single.command("status")
    assert f"generation {first[:12]} is not what lies on disk: rolled back: topic events" in out
    kafka.produce(single.topic, [{"id": n} for n in range(600, 900)])
    single.until(lambda: scripts.done(database, kafka, single.topic))
    single.until(lambda: database.value("SELECT count(*) FROM tidegate.breaker"
                                        " WHERE state <> 'closed'") == 0)
    rejected = scripts.balance(database, single.topic)["quarantined"]
    assert 100 <= rejected <= 300
    assert database.value("SELECT count(*) FROM events") == 900 - rejected
    assert database.value("SELECT count(*) FROM tidegate.journal WHERE kind = 'reload'"
                          " AND message LIKE %s", (f"{second[:12]} was rolled back to {first}%",))

    assert single.command("reload", "--force")[0] == 0  # then it is meant so
    kafka.produce(single.topic, [{"id": n} for n in range(900, 1200)])
    single.until(lambda: scripts.done(database, kafka, single.topic))
    single.until(lambda: single.metric("rule_rows_failed_total") >= 300)
    status = single.status()
    assert (status["generation"], status["last_reload"]) == (second, "ok")


def put_map(scripts_folder, number, text):
    """As the kubelet changes a ConfigMap: a new folder, then its link is swapped."""
    version = scripts_folder / f"..version-{number}"
    version.mkdir()
    (version / "events.lua").write_text(text, encoding="utf-8")
    link = scripts_folder / "..new"
    link.symlink_to(version.name)
    link.rename(scripts_folder / "..data")


def test_a_watched_config_map_is_taken_over(kafka, topic, tidegate, database):
    process = tidegate(lanes=1, reload={"watch": True})
    name = topic("events", partitions=1)
    folder = process.folder / "scripts"
    put_map(folder, 1, scripts.topic(name, "events", transform="b.name = 'one'"))
    (folder / "events.lua").symlink_to("..data/events.lua")
    process.start()
    first = process.status()["generation"]
    put_map(folder, 2, scripts.topic(name, "events", transform="b.name = 'two'"))
    process.until(lambda: process.status()["generation"] != first)
    kafka.produce(name, [{"id": 1}])
    process.until(lambda: scripts.done(database, kafka, name))
    assert database.rows("SELECT name FROM events") == [("two",)]
    process.until(lambda: database.value("SELECT count(*) FROM tidegate.journal WHERE kind ="
                                         " 'reload' AND message LIKE '%by reload.watch'") == 1)
    put_map(folder, 3, "return {")
    process.until(lambda: process.metric("reloads_total", result="refused") == 1)
    assert process.status()["last_reload"] == "refused"


def test_members_that_run_different_sets_are_shown(kafka, topic, tidegate, database):
    name = topic("events", partitions=2)
    both = [tidegate(lanes=1) for _ in range(2)]
    for process in both:
        (process.folder / "token").write_text(TOKEN + "\n", encoding="utf-8")
        process.config["http"]["token_file"] = "token"
        process.script("events.lua", scripts.topic(name, "events"))
        process.start(ready=False)

    def stand(process):
        return [s for s in process.status()["stands"] if s["kind"] == "members"]

    eventually(lambda: [len(p.status()["members"]) for p in both] == [2, 2])
    assert not any(stand(p) for p in both)
    first = both[0].status()["generation"]
    _, out, _ = both[0].command("status")
    assert "one of 2 members, 2 of them with this generation\n" in out
    both[1].script("events.lua", scripts.topic(name, "events", transform="b.name = 'x'"))
    assert both[1].command("reload")[0] == 0
    second = both[1].status()["generation"]
    eventually(lambda: all(stand(p) for p in both))
    (seen,) = stand(both[0])
    assert f"runs generation {first[:12]}, " in seen["text"] and second[:12] in seen["text"]
    assert [(m["generation"], m["self"]) for m in both[1].status()["members"]] == [
        (second, True), (first, False)]
    _, out, _ = both[0].command("status")
    assert "one of 2 members, 1 of them with this generation\n" in out
    assert both[1].stop() == 0
    eventually(lambda: len(both[0].status()["members"]) == 1 and not stand(both[0]))
