"""One reload after the other under load: good sets, broken ones, large ones, ones with other state.
Each set writes its number into the rows it judges, so that a row tells by which one it was judged.
What the program lacks under load is time in PostgreSQL: that costs other tests nothing.

TIDEGATE_E2E_LONG=1: 100 reloads instead of 12, once more with too little CPU time, and each lane's
pause is at most 50 ms."""
import json
import os
import threading

import pytest
from confluent_kafka import Producer

from lib import scripts

LONG = os.environ.get("TIDEGATE_E2E_LONG") == "1"
RELOADS = 100 if LONG else 12
AHEAD = 100000 if LONG else 20000  # events that are not loaded: then the producer waits
PAUSE_S = 0.05
HELPERS = 4000  # functions of a large set
# What makes the program slower than the producer, whatever else the machine does.
SLOW = {"PostgreSQL": "", "CPU": "for _ = 1, 20000 * b.rows do end\n"}
SLEEP = """CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_sleep(0.04); RETURN NULL; END';
CREATE TRIGGER nap AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION nap()"""

KINDS = ("good", "syntax", "state", "test", "large", "column")
BROKEN = {"syntax": "events.lua", "test": "numbered", "column": "nmae"}  # what the fault names


def write(process, kind, number):
    """Writes set `number` of this kind into the process' folder."""
    transform = f"{SLOW[process.scarce]}b.name = b.name .. '{number}'"
    more, head = {}, ""
    if kind == "syntax":
        transform = "b.name = = 1"
    if kind == "test":
        more["tests"] = ('{ { "numbered", events = { { id = 1, name = "x" } },'
                         ' rows = { { id = 1, name = "y" } } } }')
    if kind == "state":
        more["dedup"] = f'{{ by = {{ "id" }}, within = "{24 + number}h" }}'
    if kind == "large":
        head = "local helpers = {}\n" + "".join(
            f"helpers[{n}] = function(x) return x * {n} + {number} end\n"
            for n in range(1, HELPERS))
    rules = ['not_null { "nmae" }'] if kind == "column" else []
    process.script("events.lua", head + scripts.topic(process.topic, "events", rules=rules,
                                                      transform=transform, **more))


class Stream:
    """Events that keep coming until stop(), as long as at most AHEAD of them are not loaded."""

    def __init__(self, kafka, topic, loaded):
        self.sent, self.on, self.fault = 0, True, None
        self.producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 20,
                                  "enable.idempotence": True})
        self.topic, self.loaded = topic, loaded
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def waiting(self):
        return self.sent - self.loaded()

    def run(self):
        try:
            while self.on:
                if self.waiting() > AHEAD:
                    threading.Event().wait(0.02)
                else:
                    self.send(AHEAD // 10)
        except Exception as e:  # pylint: disable=broad-except
            self.fault = e

    def send(self, count):
        for n in range(self.sent, self.sent + count):
            self.producer.produce(self.topic, b'{"id": %d, "name": "x"}' % n)
        if self.producer.flush(180):
            raise TimeoutError(f"{self.topic}: events not delivered")
        self.sent += count

    def stop(self):
        self.on = False
        self.thread.join(180)
        assert not self.thread.is_alive() and self.fault is None, self.fault
        return self.sent


def ranges(database, query):
    """{(partition, what): (from, to, events)} of a query that gives these."""
    return {(part, what): (start, to, int(n)) for part, what, start, to, n in database.rows(query)}


def violations(database, ends, sets):
    """What is wrong, as texts. ends: {partition: end}; sets: {generation: what its rows' names
    are}, of the sets that were taken over."""
    found = []
    places = dict(database.rows("SELECT part, id FROM tidegate.partition WHERE kind = 'kafka'"))
    for part, end in ends.items():
        rows, offsets, low, high = database.rows(
            "SELECT count(*), count(DISTINCT _offset), min(_offset), max(_offset) FROM events"
            " WHERE _part = %s", (places[part],))[0]
        if (rows, offsets) != (end, end) or end and (low, high) != (0, end - 1):
            found.append(f"lost or doubled: partition {part}: {rows} rows at {offsets} offsets"
                         f" from {low} to {high}, {end} were sent")
        at = 0
        for start, to in database.rows("SELECT from_offset, to_offset FROM tidegate.segment"
                                       " WHERE partition_id = %s ORDER BY 1", (places[part],)):
            if start != at:
                found.append(f"ledger: partition {part}: {start} follows {at}")
            at = to
        if at != end:
            found.append(f"ledger: partition {part} ends at {at}, not {end}")
    # A set acts once, so what it judged is one range of a partition: full, in both places.
    seen = ranges(database, "SELECT _part, name, min(_offset), max(_offset) + 1, count(*)"
                            " FROM events GROUP BY 1, 2")
    told = ranges(database, "SELECT partition_id, generation, min(from_offset), max(to_offset),"
                            " sum(n_in) FROM tidegate.segment WHERE n_in > 0 GROUP BY 1, 2")
    for generation in {g for _, g in told} - set(sets):
        found.append(f"never active: {generation[:12]} judged")
    told = {(part, sets.get(g)): range_ for (part, g), range_ in told.items()}
    for key in set(seen) | set(told):
        if seen.get(key) != told.get(key):
            found.append(f"other set: of {key} the rows are {seen.get(key)}, the ledger has"
                         f" {told.get(key)}")
    for key, (start, to, events) in seen.items():
        if to - start != events:
            found.append(f"other set: {key} has {events} rows from {start} to {to}")
    return found


def reload(process, kind):
    """tidegate reload; the generation that runs afterwards."""
    before = process.status()["generation"]
    code, out, err = process.command("reload", "--json")
    answer = json.loads(out)
    if kind in BROKEN:
        assert (code, answer["result"]) == (78, "refused"), (kind, out, err)
        assert BROKEN[kind] in answer["faults"], (kind, answer)
        assert process.status()["generation"] == before
        return before
    assert code == 0 and answer["generation"] != before, (kind, out, err)
    return answer["generation"]


def took_over(database, generation, parts):
    """Every lane runs it: something of each partition was judged by it."""
    return parts == database.value("SELECT count(DISTINCT partition_id) FROM tidegate.segment"
                                   " WHERE generation = %s AND n_in > 0", (generation,))


def pauses(process):
    """(how many there were, how many within PAUSE_S, their sum) of all lanes"""
    def of(name, **labels):
        return process.metric(f"reload_pause_seconds_{name}", **labels)
    return int(of("count")), int(of("bucket", le=str(PAUSE_S))), of("sum")


@pytest.fixture(params=SLOW if LONG else ["PostgreSQL"])
def busy(request, kafka, topic, tidegate, database):
    process = tidegate(lanes=2, load={"rows": 500})
    (process.folder / "token").write_text("open-sesame\n", encoding="utf-8")
    process.config["http"]["token_file"] = "token"
    process.topic = topic("events", partitions=4)
    process.scarce = request.param
    write(process, "good", 0)
    process.start()
    if process.scarce == "PostgreSQL":
        database.execute(SLEEP)
    return process


def test_each_event_is_judged_by_the_one_set_that_the_ledger_names(busy, kafka, database,
                                                                   tell):
    sets = {busy.status()["generation"]: "x0"}
    stream = Stream(kafka, busy.topic, lambda: sum(scripts.chain(database, busy.topic).values()))
    for number in range(1, RELOADS + 1):
        kind = KINDS[(number - 1) % len(KINDS)]
        write(busy, kind, number)
        busy.until(lambda: stream.fault or stream.waiting() > AHEAD // 2)
        generation = reload(busy, kind)
        if kind not in BROKEN:
            sets[generation] = f"x{number}"
        busy.until(lambda g=generation: took_over(database, g, 4))
        assert stream.waiting() > 0  # no lane ran dry
    sent, (count, short, total) = stream.stop(), pauses(busy)
    busy.until(lambda: scripts.done(database, kafka, busy.topic))
    assert busy.stop() == 0
    ends = kafka.ends(busy.topic)
    tell("events", sent)
    tell("pauses", f"{count}, {short} of them <= {PAUSE_S} s, {total:.3f} s in all")
    assert sum(ends.values()) == sent and violations(database, ends, sets) == []
    assert database.value("SELECT count(*) FROM tidegate.rejected") == 0
    assert count == 2 * (len(sets) - 1)  # each lane, each time
    assert short == count or not LONG

    # the check notices what it is for
    assert violations(database, ends, dict(list(sets.items())[:-1]))[0].startswith("never active")
    database.execute("UPDATE events SET name = 'x2' WHERE id = 0")
    assert {v.split(":")[0] for v in violations(database, ends, sets)} == {"other set"}
    database.execute("DELETE FROM events WHERE id = 0")
    assert "lost or doubled" in {v.split(":")[0] for v in violations(database, ends, sets)}
