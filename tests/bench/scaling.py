"""What cost grows with: partitions, bytes of an event, columns, rules, keys that rules remember."""
import json
import random
import string

from figures import slope
from variants import VELOCITY, Load, end_to_end, measured

BYTES = 400000000     # of a topic, at most
DIFFERENT = 50000000  # bytes of different events in it; more are these again
DAY_MS = 1767225600000


# --- partitions

def partitions(count):
    return lambda world: measured(Load(world.reference(f"partitions-{count}", count), 50, 1))


# --- events of a size, events of so many columns: scripts and events are made here

class Made(Load):
    """A topic of made events: fields are lines of its script; the table has its name, too."""

    def __init__(self, world, fields):
        self.fields = fields
        super().__init__(world, rules=0, lanes=1)

    def fill(self, home):
        lines = "".join(f'    "{field}",\n' for field in self.fields)
        self.process.script(f"{self.world.topic}.lua", 'return {\n  table = "made",\n'
                            f"  fields = {{\n{lines}  }},\n}}\n")


def made(world, topic, line, parts_of, check):
    """The world with a topic of events, as many as it may have; line(i) is one."""
    size = len(line(0))
    most = max(1, min(world.count, 100000, int(DIFFERENT / size)))
    return world.repeating(topic, lambda: [line(i) for i in range(most)],
                           min(world.count, int(BYTES / size)), parts_of, check)


SIZED = ["id bigint not null", "user_id bigint", "amount numeric(12,2)", "at timestamptz",
         "note text unstored", "length integer computed"]
SIZED_CHECK = """SELECT count(*), sum(id), sum(user_id), sum(amount) * 100, sum(length),
  sum((extract(epoch FROM at) * 1000)::bigint) FROM made"""


def sized_line(i, size, text):
    at = DAY_MS + 3 * i
    head = (f'{{"id":{i},"user_id":{i * 7919 % 100000},"amount":{i % 2000}.{i % 90 + 10},'
            f'"at":"{iso(at)}","note":"')
    length = max(0, size - len(head) - 2)
    return f'{head}{text[i % 5000:i % 5000 + length]}"}}'.encode()


def sized_parts(line):
    e = json.loads(line)
    cents = round(e["amount"] * 100)
    return 1, e["id"], e["user_id"], cents, len(e["note"]), DAY_MS + 3 * e["id"]


def iso(ms):
    seconds = ms // 1000 % 86400
    return (f"2026-01-01T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
            f".{ms % 1000:03}Z")


def prose(length):
    """Text that compresses as little as text does."""
    draw = random.Random(1)
    return "".join(draw.choices(string.ascii_lowercase + string.digits + " " * 4, k=length))


class Sized(Made):
    def fill(self, home):
        super().fill(home)
        path = home / f"scripts/{self.world.topic}.lua"
        text = path.read_text(encoding="utf-8").rpartition("}")[0]
        path.write_text(text + "  transform = function(b) b.length = b.note:len() end,\n}\n",
                        encoding="utf-8")


def sized(size):
    def variant(world):
        text = prose(size + 5000)
        world = made(world, f"sized-{size}", lambda i: sized_line(i, size, text), sized_parts,
                     SIZED_CHECK)
        figures = measured(Sized(world, SIZED))
        return {**figures, "mb_s": figures["rate"] * size / 1e6, "events": world.count}
    return variant


TYPES = ("bigint", "text", "numeric(12,2)", "boolean")


def column_value(i, k):
    n = i * 31 + k
    return (n, f"value-{n % 1000}", n % 100000 / 100, n % 2 == 0)[k % len(TYPES)]


def columns_line(i, count):
    return json.dumps({f"c{k}": column_value(i, k) for k in range(count)},
                      separators=(",", ":")).encode()


def shown(value):
    """As PostgreSQL's ::text has it."""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def columns_parts(line):
    e = json.loads(line)
    return 1, e["c0"], sum(len(shown(v)) for v in e.values())


def columns(count):
    def variant(world):
        texts = " + ".join(f"length(c{k}::text)" for k in range(count))
        world = made(world, f"columns-{count}", lambda i: columns_line(i, count), columns_parts,
                     f"SELECT count(*), sum(c0), sum({texts}) FROM made")
        fields = [f"c{k} {TYPES[k % len(TYPES)]} not null" for k in range(count)]
        return {**measured(Made(world, fields)), "bytes": len(columns_line(0, count)),
                "events": world.count}
    return variant


# --- rules, keys

RULES = (0, 10, 50, 100, 200)


def a_rule(rounds):
    """A line on what each further rule costs, of the least own CPU time of each."""
    points = [(n, min(one[f"{n} rules"]["own_cpu"] for one in rounds))
              for n in RULES if f"{n} rules" in rounds[0]]
    if len(points) < 2:
        return []
    each = slope(points)
    return [f"a rule more costs {1000 * each:.1f} ms of CPU for 1M events, {1000 * each:.1f} ns"
            " a row (least squares over the least of the rounds)"]


# Every event is a key of its own.
ALL_KEYS = ('velocity_below { "event_id", 5, "24h", keys_max = 2000000, time = "event_time",'
            " per_partition = true }")

PARTITIONS = {f"{n:,} partitions": partitions(n) for n in (8, 100, 1000)}
SIZES = {f"{name} an event": sized(size)
         for name, size in (("100 B", 100), ("1 KB", 1000), ("10 KB", 10000), ("100 KB", 100000))}
COLUMNS = {f"{n} columns": columns(n) for n in (5, 14, 50, 100)}
BY_RULES = {f"{n} rules": end_to_end(n, 1) for n in RULES}
KEYS = {"no keys": end_to_end(50, 1), "100,000 keys": end_to_end(50, 1, [VELOCITY]),
        "a key an event": end_to_end(50, 1, [ALL_KEYS])}
