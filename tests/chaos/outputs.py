"""Are the outputs right? What rows emit (out) and what was quarantined (dead), as a reader of
committed records sees it.

  unsent      a record that must be there is not
  resent      a record is there more than once
  stray       a record that no event explains
  garbled     key, value or headers differ from what is due
  shuffled    of one partition of the topic a later event comes before an earlier one
  unfinished  at rest the outbox is not empty, or the group's offset is not the partition's end
"""
import collections
from typing import NamedTuple

from stream import LOAD, QUARANTINE

NAMES = ("out", "dead")
STAGES = {"decode": "VALUE_CONVERTER", "rule": "TRANSFORMATION", "load": "TASK_PUT"}


class Record(NamedTuple):
    output: str
    partition: int
    id: str
    key: bytes
    value: bytes
    headers: dict


def record(output, message):
    headers = {name: value.decode() for name, value in message.headers() or ()}
    return Record(output, message.partition(), headers.get("tg-id", ""), message.key(),
                  message.value(), headers)


def due(topic, part, events):
    """{tg-id: (output, Placed)} of a partition's events; the pipeline has the topic's name."""
    found = {}
    for offset, placed in events.items():
        name = f"{topic}/{topic}/{part}/{offset}/0"
        if placed.fate == LOAD and placed.event.emitted:
            found[name] = ("out", placed)
        elif placed.fate == QUARANTINE:
            found[name] = ("dead", placed)
    return found


def check(report, records, expected):
    counts, last, homes = collections.Counter(), {}, {}
    for r in records:
        counts[r.id] += 1
        if r.id not in expected:
            report.add("stray", r.id, f"{r.output}: {r.value}")
            continue
        check_record(report, r, *expected[r.id])
        *_, part, offset, _ = r.id.split("/")
        if int(offset) < last.get((r.output, r.partition, part), -1):
            report.add("shuffled", r.id, f"{r.output}:{r.partition}, after a later one")
        last[r.output, r.partition, part] = int(offset)
        if homes.setdefault((r.output, r.key), r.partition) != r.partition:
            report.add("shuffled", r.id, f"key {r.key} is in several partitions")
    for name, n in counts.items():
        if n > 1 and name in expected:
            report.add("resent", name, f"{n} times")
    for name, (output, placed) in expected.items():
        if name not in counts:
            report.add("unsent", name, f"{output}: {placed.value}")


def check_record(report, r, output, placed):
    event = placed.event
    wanted = (output, b"%d" % event.account, event.emitted if output == "out" else event.value)
    if (r.output, r.key, r.value) != wanted:
        report.add("garbled", r.id, f"{r.output}, {r.key}, {r.value}, not {wanted}")
    if output == "dead":
        check_headers(report, r, event)


def check_headers(report, r, event):
    _, topic, part, offset, _ = r.id.split("/")
    stage, _, _, reason = event.reason
    wanted = {"topic": topic, "partition": part, "offset": offset, "stage": STAGES[stage]}
    found = {name: r.headers.get(f"__connect.errors.{name}") for name in wanted}
    if found != wanted or reason not in r.headers.get("__connect.errors.exception.message", ""):
        report.add("garbled", r.id, f"headers {r.headers}")


def check_group(report, log):
    for part, (committed, end) in log.group().items():
        if committed != end:
            report.add("unfinished", str(part), f"the group is at {committed}, the end is {end}")
