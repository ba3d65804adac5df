"""Runs that must fail the check: what it cannot find, it cannot rule out. Each returns what the
check missed; nothing is right."""
import functools

import outputs
import stream
import verify
from lib.checker import Report
from lib.poll import eventually
from straight import Straight
from world import World

ROW = "(SELECT ctid FROM payments ORDER BY _part, _offset LIMIT 1 OFFSET {})"
SWAP = """UPDATE payments SET {0} = CASE ctid
  WHEN {1} THEN (SELECT {0} FROM payments WHERE ctid = {2})
  ELSE (SELECT {0} FROM payments WHERE ctid = {1}) END WHERE ctid IN ({1}, {2})"""
REJECTED = "(SELECT ctid FROM tidegate.quarantine ORDER BY partition_id, \"offset\" LIMIT 1)"
INNER = """(SELECT s.ctid FROM tidegate.segment s JOIN tidegate.segment n
  ON (n.partition_id, n.from_offset) = (s.partition_id, s.to_offset) LIMIT 1)"""
CORRUPTIONS = {  # what is done -> the violation that must be named
    "a row is deleted": ("lost", f"DELETE FROM payments WHERE ctid = {ROW.format(3)}"),
    "a row is doubled": (
        "doubled", f"INSERT INTO payments SELECT * FROM payments WHERE ctid = {ROW.format(4)}"),
    "an amount is a cent more": (
        "balance", f"UPDATE payments SET amount = amount + 0.01 WHERE ctid = {ROW.format(5)}"),
    "a note is another one": (
        "altered", f"UPDATE payments SET note = 'x' WHERE ctid = {ROW.format(6)}"),
    "a tag is another one": ("altered", """UPDATE payments SET _issues = '{turn 0}'
        WHERE ctid = (SELECT ctid FROM payments WHERE _issues IS NOT NULL LIMIT 1)"""),
    "two rows swap their offsets": ("misplaced", SWAP.format("_offset", ROW.format(7),
                                                             ROW.format(8))),
    "two rows swap their turns": ("order", SWAP.format("arrived", ROW.format(9), ROW.format(10))),
    "a row has an offset that is none": (
        "unknown", f"UPDATE payments SET _offset = _offset + 90000 WHERE ctid = {ROW.format(11)}"),
    "a row has a partition that is none": (
        "unknown", f"UPDATE payments SET _part = 1000000 WHERE ctid = {ROW.format(12)}"),
    "a quarantined event is in the table": ("doubled", f"""INSERT INTO payments
        SELECT 1, 1, 1, 1, 1, '', kafka_ts, nextval('arrivals'), partition_id, "offset"
        FROM tidegate.quarantine WHERE ctid = {REJECTED}"""),
    "a quarantined event is deleted": (
        "lost", f"DELETE FROM tidegate.quarantine WHERE ctid = {REJECTED}"),
    "a reason is another one": (
        "reason", f"UPDATE tidegate.quarantine SET reason = 'x' WHERE ctid = {REJECTED}"),
    "a segment is missing": ("hole", f"DELETE FROM tidegate.segment WHERE ctid = {INNER}"),
    "two segments overlap": (
        "overlap", f"UPDATE tidegate.segment SET to_offset = to_offset + 1 WHERE ctid = {INNER}"),
    "a chain ends too early": ("end", """DELETE FROM tidegate.segment WHERE ctid =
        (SELECT ctid FROM tidegate.segment ORDER BY from_offset DESC LIMIT 1)"""),
    "a segment's numbers are wrong": ("balance", f"""UPDATE tidegate.segment
        SET n_loaded = n_loaded - 1, n_dropped = n_dropped + 1 WHERE ctid = {INNER}"""),
    "a record is in the outbox still": (
        "unfinished", "INSERT INTO tidegate.outbox VALUES (1, 0, 0, 1, '', '')"),
}

OUTPUT_CORRUPTIONS = {
    "a record is missing": ("unsent", lambda r: r[:5] + r[6:]),
    "a record is there twice": ("resent", lambda r: r + r[5:6]),
    "a record of no event": ("stray", lambda r: r + [r[5]._replace(id="a/b/0/0/7")]),
    "a value is another one": ("garbled", lambda r: r[:-1] + [r[-1]._replace(value=b"x")]),
    "a key is another one": ("garbled", lambda r: [r[0]._replace(key=b"x")] + r[1:]),
    "a header is another one": ("garbled", lambda r: r[:-1] + [r[-1]._replace(headers={})]),
    "records are turned around": ("shuffled", lambda r: r[::-1]),
    "a key moves": ("shuffled", lambda r: [r[0]._replace(partition=9)] + r[1:]),
}


def corrupt(servers, args):
    """An undisturbed run, and copies of its database that are spoilt in known ways."""
    with World(servers, stream.Plan(args.seed), args.out) as world:
        world.produce_all(2500)
        world.member(load={"rows": 100}).begin()
        assert not (left := world.settle()), f"the run came to no end: {left}"
        assert world.members[0].leave() == 0
        log = Kept(verify.Log(world.kafka.bootstrap, world))
        untouched = verify.check(world.database, log, world)
        assert not untouched, str(untouched)
        missed = [title for title, (name, statement) in CORRUPTIONS.items()
                  if not spoilt(world, log, statement).count[name]]
        for title, (name, spoil) in OUTPUT_CORRUPTIONS.items():
            if not spoilt_output(log.records(), untouched.due, spoil).count[name]:
                missed.append(title)
        return missed


class Kept:
    """A Log that is read once."""

    def __init__(self, log):
        self.read, self.records = functools.cache(log.read), functools.cache(log.records)
        self.group = functools.cache(log.group)


def spoilt_output(records, due, spoil):
    """What the check says about a changed copy of the records."""
    report = Report()
    outputs.check(report, spoil(list(records)), due)
    return report


def spoilt(world, log, statement):
    """What the check says while the statement's transaction goes on; nothing stays of it."""
    with world.postgres.connect(world.name) as c, c.transaction(force_rollback=True):
        c.execute(statement)
        return verify.check(Session(c), log, world)


class Session:
    """A database seen by one session."""

    def __init__(self, connection):
        self.connection = connection

    def rows(self, query, args=None):
        return self.connection.execute(query, args).fetchall()

    def value(self, query, args=None):
        return self.rows(query, args)[0][0]


def fencing(servers, args):
    """Without claims, chain and terminate: a process stands before its advance until another one
    has loaded everything, then goes on."""
    with World(servers, stream.Plan(args.seed, clean=True), args.out) as world:
        world.produce_all(8000)
        stale = world.member(faults="no.fencing,pg.before_advance=stop@2")
        stale.config = world.patient(stale.config)
        stale.begin()
        eventually(stale.stands)
        heir = world.member(faults="no.fencing")
        heir.begin()
        assert not (left := world.settle()), f"nobody took over: {left}"
        stale.resume()
        try:
            eventually(lambda: doubled(world), 10)
        except TimeoutError:
            return ["two writers loaded the same offsets"]
        return []


def doubled(world):
    log = verify.Log(world.kafka.bootstrap, world)
    return verify.check(world.database, log, world).count["doubled"]


def outbox(servers, args):
    """Records are written after the COMMIT, and a process dies in between."""
    with World(servers, stream.Plan(args.seed), args.out) as world:
        world.produce_all(3000)
        member = world.member(faults="no.outbox,pg.after_commit=exit@3", load={"rows": 400})
        member.begin()
        member.expected = False
        eventually(lambda: not member.running(), 60)
        member.faults = None
        member.begin()
        assert not (left := world.settle()), f"the run came to no end: {left}"
        found = verify.check(world.database, verify.Log(world.kafka.bootstrap, world), world)
        return [] if found.count["unsent"] else ["records that were not sent"]


def sink(servers, args):
    """Without PostgreSQL: offsets have a transaction of their own, behind that of their records,
    and a process dies in between."""
    with Straight(servers, stream.Plan(args.seed, straight=True), args.out) as world:
        world.produce_all(3000)
        member = world.member(faults="no.sink_transaction,sink.between=exit@3", load={"rows": 400})
        member.begin()
        member.expected = False
        eventually(lambda: not member.running(), 60)
        member.faults = None
        member.begin()
        assert not (left := world.settle()), f"the run came to no end: {left}"
        return [] if world.check().count["resent"] else ["records that were sent twice"]


CONTROLS = {"fencing": fencing, "outbox": outbox, "sink": sink, "corrupt": corrupt}
