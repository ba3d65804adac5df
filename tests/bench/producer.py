#!/usr/bin/python3
"""Sends the lines of a file to a topic, over and over, at the paces asked for.

  producer.py BROKERS TOPIC FILE RATE:SECONDS ..

Prints a JSON line for each phase: began, ended (seconds since 1970), rate and seconds as asked,
sent, and by how much the latest event was late. Kafka's timestamp of an event is the moment it is
handed to librdkafka. When the pace cannot be kept a phase ends all the same when its time is over.
"""
import itertools
import json
import pathlib
import sys
import time

from confluent_kafka import Producer

CONFIG = {"enable.idempotence": True, "linger.ms": 5, "compression.type": "lz4",
          "queue.buffering.max.messages": 500000, "queue.buffering.max.kbytes": 262144}
TICK_S = 0.001
AT_ONCE_S = 0.02  # so much of the pace is sent at most before the clock is read again


class Sender:
    """One line after the other, to each partition in turn."""

    def __init__(self, brokers, topic, lines):
        self.producer, self.topic = Producer({"bootstrap.servers": brokers, **CONFIG}), topic
        self.lines = itertools.cycle(lines)
        partitions = self.producer.list_topics(topic, 60).topics[topic].partitions
        self.partitions = itertools.cycle(sorted(partitions))

    def send(self, count):
        produce, topic = self.producer.produce, self.topic
        for line, partition in itertools.islice(zip(self.lines, self.partitions), count):
            while True:
                try:
                    produce(topic, line, partition=partition)
                    break
                except BufferError:
                    self.producer.poll(0.01)
        self.producer.poll(0)

    def flush(self):
        if self.producer.flush(120):
            raise TimeoutError(f"{self.topic}: events not delivered")


def fill(brokers, topic, lines, count):
    """As fast as it goes."""
    sender = Sender(brokers, topic, lines)
    for sent in range(0, count, 10000):
        sender.send(min(10000, count - sent))
    sender.flush()


def pace(sender, rate, seconds):
    """One phase; what it came to."""
    began, sent, late, total = time.time(), 0, 0.0, int(rate * seconds)
    piece = max(1, int(rate * AT_ONCE_S))
    while sent < total and (now := time.time() - began) < seconds + TICK_S:
        late = max(late, now - sent / rate)
        due = min(total, int(now * rate) + 1, sent + piece)
        sender.send(due - sent)
        sent = due
        time.sleep(max(0.0, min(TICK_S, began + sent / rate - time.time())))
    time.sleep(max(0.0, began + seconds - time.time()))
    return {"began": began, "ended": time.time(), "rate": rate, "seconds": seconds, "sent": sent,
            "late_ms": 1000 * late}


def main():
    brokers, topic, path, *phases = sys.argv[1:]
    sender = Sender(brokers, topic, pathlib.Path(path).read_bytes().splitlines())
    for phase in phases:
        rate, seconds = map(float, phase.split(":"))
        print(json.dumps(pace(sender, rate, seconds)), flush=True)
    sender.flush()


if __name__ == "__main__":
    main()
