"""What Kafka's log has, as a reader of committed records sees it, or one of all."""
import zlib
from typing import NamedTuple

from confluent_kafka import (OFFSET_BEGINNING, Consumer, KafkaError, KafkaException,
                             TopicPartition)

import stream


class Sent(NamedTuple):
    """What the log has at an offset."""
    source: int
    number: int
    ms: int
    crc: int


def sent_of(plan, m):
    """The Sent of a message; it must be what its header says."""
    source, number = map(int, dict(m.headers())["send"].split(b":"))
    event = stream.event(plan, source, number)
    if (m.value(), m.key(), m.partition()) != (event.value, b"%d" % event.account, event.partition):
        raise AssertionError(f"{m.partition()}:{m.offset()} is not event {source}:{number}")
    return Sent(source, number, m.timestamp()[1], zlib.crc32(m.value(), zlib.crc32(m.key())))


class Reader:
    def __init__(self, brokers, isolation="read_committed"):
        self.consumer = Consumer({"bootstrap.servers": brokers, "group.id": "chaos-checker",
                                  "enable.auto.commit": False, "enable.partition.eof": True,
                                  "auto.offset.reset": "earliest", "fetch.wait.max.ms": 10,
                                  "isolation.level": isolation, "log_level": 0})

    def messages(self, topic, parts):
        """Those of partitions, up to their ends; of each in order."""
        left = set(parts)
        self.consumer.assign([TopicPartition(topic, part, OFFSET_BEGINNING) for part in parts])
        while left:
            for m in self.consumer.consume(500, 0.05):
                if not m.error():
                    yield m
                elif m.error().code() == KafkaError._PARTITION_EOF:
                    left.discard(m.partition())
                elif m.error().code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                    raise KafkaException(m.error())
