"""A topic whose events are loaded and emitted, and what a reader of the outputs must find."""
import json

from lib import scripts
from lib.poll import eventually

PARTITIONS = 2
FIELDS = ['"id bigint not null"', '"name text"', '"amount numeric(6,2)"']
EMIT = """b:quarantine(b.name:eq("bad"), "bad name")
b:drop(b.name:eq("drop"), "dropped")
b:emit("{big}", b.amount:ge(50), {{ key = b.id,
  value = {{ "id", "amount", upper = b.name:upper(), twice = b.amount * 2, kind = "big" }},
  headers = {{ name = b.name }} }})
b:emit("{all}", {{ key = b.id, value = b.name }})"""


def event(n):
    return {"id": n, "name": "bad" if n % 11 == 5 else "drop" if n % 11 == 7 else f"n{n % 7}",
            "amount": n % 100 + 0.25}


def is_loaded(n):
    return event(n)["name"] not in ("bad", "drop")


class Stream:
    """An input, its outputs, and the process that lies between."""

    def __init__(self, kafka, topic, tidegate, database):
        self.kafka, self.make, self.database = kafka, tidegate, database
        self.input = topic("in", partitions=PARTITIONS)
        self.big = topic("big", partitions=3)
        self.all = topic("all", partitions=1)
        self.dead = topic("dead", partitions=1)
        self.sent = {}  # (partition, offset) -> n
        self.members = []

    def process(self, faults=None, lanes=1, instance="one", session="30s", **config):
        """A static member: started again it has its partitions at once."""
        p = self.make(faults=faults, lanes=lanes, **config)
        p.config["kafka"] = {**p.config["kafka"], "session_timeout": session,
                             **({"instance": instance} if instance else {})}
        self.members.append(p)
        self.write(p)
        return p

    table = "events"

    def write(self, process, **more):
        process.script(f"{self.input}.lua", scripts.topic(
            self.input, more.pop("table", self.table), fields=FIELDS,
            transform=EMIT.format(big=self.big, all=self.all),
            outputs=f'{{ "{self.big}", "{self.all}" }}', dead_letter=f'"{self.dead}"', **more))

    def send(self, count):
        first = len(self.sent)
        for partition in range(PARTITIONS):
            numbers = [n for n in range(first, first + count) if n % PARTITIONS == partition]
            places = self.kafka.produce(self.input, [event(n) for n in numbers], partition)
            self.sent.update(zip(places, numbers))

    def until_out(self, process=None, **deadline):
        """Everything is loaded, the group's offsets are at the end, the outbox is empty."""
        ends = self.kafka.ends(self.input)

        def ask():
            if process and not process.running():
                raise RuntimeError(process.log())
            return (scripts.done(self.database, self.kafka, self.input)
                    and self.kafka.committed(self.input, self.group()) == ends
                    and not self.pending())
        eventually(ask, every=0.2, **deadline)

    def group(self):
        return self.members[0].config["pipeline"]

    def pending(self):
        return self.database.value("SELECT count(*) FROM tidegate.outbox")

    def wrong(self):
        """What a read_committed reader misses, sees twice, or should not see: tg-ids."""
        found = {}
        for name in (self.big, self.all, self.dead):
            for m in self.kafka.dump(name):
                found.setdefault(dict(m.headers())["tg-id"].decode(), []).append((name, m))
        due = self.due()
        bad = [f"{i} twice" for i, ms in found.items() if len(ms) > 1]
        bad += [f"{i} missing" for i in due if i not in found]
        bad += [f"{i} unknown" for i in found if i not in due]
        for i, ms in found.items():
            bad += [f"{i} differs: {self.seen(*m)} {due[i]}" for m in ms
                    if i in due and self.seen(*m) != due[i]]
        return bad

    def due(self):
        """{tg-id: (topic, key, value)}"""
        due = {}
        for (part, offset), n in self.sent.items():
            e = event(n)
            place = f"{self.group()}/{self.input}/{part}/{offset}"
            if e["name"] == "bad":
                due[f"{place}/0"] = (self.dead, None, e)
            if not is_loaded(n):
                continue
            if e["amount"] >= 50:
                due[f"{place}/0"] = (self.big, str(n), {
                    "id": n, "amount": e["amount"], "kind": "big", "twice": 2 * e["amount"],
                    "upper": e["name"].upper()})
            due[f"{place}/1"] = (self.all, str(n), e["name"])
        return due

    def seen(self, name, m):
        value = m.value().decode()
        return (name, m.key() and m.key().decode(),
                value if name == self.all else json.loads(value))


class Straight(Stream):
    """The same from Kafka to Kafka, without PostgreSQL."""

    table = None

    def __init__(self, kafka, topic, tidegate):
        super().__init__(kafka, topic, tidegate, None)

    def process(self, faults=None, lanes=1, instance="one", session="30s", **config):
        p = super().process(faults, lanes, instance, session, sink="kafka", **config)
        del p.config["postgres"]
        return p

    def until_out(self, process=None, **deadline):
        """The group's offsets are at the end: what was made of everything before is out."""
        ends = self.kafka.ends(self.input)

        def ask():
            if process and not process.running():
                raise RuntimeError(process.log())
            return self.kafka.committed(self.input, self.group()) == ends
        eventually(ask, every=0.2, **deadline)
