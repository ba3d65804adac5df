"""What is done to a run, and when: FAULTS by profile (STRAIGHT: without PostgreSQL), and the
schedule of a seed.

A fault is a function (world, draw) -> whether it hit anything, or None where it cannot be tried;
when it returns its cause is gone.
draw is a random.Random of its own, so that a schedule depends on nothing but its seed."""
import random
import time
from typing import NamedTuple

from lib.poll import eventually
from proxy import DOWN, UP
from world import SESSION_S, STATEMENT_S

MEMBERS_MAX = 4
PARTITIONS_MORE = 4
TIDEGATE = "FROM pg_stat_activity WHERE application_name LIKE 'tidegate%%' AND datname = %s"
FULL = "No space left on device"
SLOW = f"""CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep({STATEMENT_S + 1}); RETURN NULL; END';
  CREATE TRIGGER slow BEFORE INSERT ON payments FOR EACH STATEMENT EXECUTE FUNCTION slow()"""
BROKEN = "return { topics = { 'none' }, table = 'payments', fields = { 'id none' } }\n"


class Fault(NamedTuple):
    profile: str
    kind: str
    seed: int
    gap_s: float  # before the next one
    wait: bool    # for the pipeline to go on, before the next one
    every_s: float = 0.0  # from the beginning of this one to that of the next one, at least


def of(straight):
    """Faults by profile, and the kinds of the short form."""
    return (STRAIGHT, STRAIGHT_SHORT) if straight else (FAULTS, SHORT)


def schedule(seed, profiles, straight=False):
    """The faults of a seed, without end: every kind once in a random order, then again. Without
    profiles those of the short form."""
    draw, (faults, short) = random.Random(seed), of(straight)
    while profiles == ["members"]:
        yield Fault("process", "members come and go", draw.getrandbits(32), 0, False, 10)
    for profile, kind in () if profiles else short:
        yield Fault(profile, kind, draw.getrandbits(32), draw.uniform(0.2, 2.0), True)
    kinds = [(profile, kind) for profile in profiles for kind in faults.get(profile, ())]
    while kinds:
        draw.shuffle(kinds)
        for profile, kind in kinds:
            yield Fault(profile, kind, draw.getrandbits(32), draw.uniform(0.2, 2.0),
                        draw.random() < 0.8)


def inflict(world, fault):
    """Whether it hit."""
    strike = of(world.plan.straight)[0][fault.profile][fault.kind]
    return strike(world, random.Random(fault.seed))


# --- processes

def kill(world, draw):
    member = world.pick()
    hit = member.process.pid in world.owners()
    member.kill9()
    time.sleep(draw.uniform(0, 2))
    member.begin()
    return hit


def stopped(seconds):
    def stop(world, _):
        member = world.pick()
        hit = member.process.pid in world.owners()
        member.pause()
        time.sleep(seconds)
        member.resume()
        return hit
    return stop


def members(world, draw):
    """One joins; one that was there before leaves."""
    old = world.alive()
    if len(old) < MEMBERS_MAX:
        world.member().begin()
    time.sleep(draw.uniform(1, 3))
    leaving = draw.choice(old)
    code = leaving.leave()
    if code:
        raise AssertionError(f"{leaving.folder.name} ended with {code}:\n{leaving.log()}")
    if len(world.alive()) < 2:
        leaving.begin()
    return True


def reload(world, draw):
    """A new version, or one time in three a script that must be refused."""
    refused = draw.random() < 1 / 3
    world.version += 1
    before = len(world.alive())
    for member in world.alive():
        world.write_script(member, BROKEN if refused else None)
        member.reload()
    time.sleep(1)
    for member in world.members:
        world.write_script(member)
    return before > 0


def at_point(point, action):
    """A member is started with a fault point; it dies there, or stands until others took over. Its
    own timeouts are so long that PostgreSQL does not end a standing transaction before they do."""
    def strike(world, draw):
        member = world.pick()
        member.leave()
        config = member.config
        visits = 4 if point.startswith("relay.") else 12  # of them there are fewer
        member.faults = f"{point}={action}@{draw.randrange(1, visits)}"
        member.config = world.patient(config)
        member.begin()
        hit = AFTER[action](member)
        if member.running():
            member.leave()
        member.faults, member.config = None, config
        member.begin()
        return hit
    return strike


def exited(member):
    member.expected = False
    if not came(lambda: not member.running()):
        return False
    if member.process.returncode != 86:
        raise AssertionError(f"exit {member.process.returncode}:\n{member.log(3000)}")
    return True


def stood(member):
    if not came(member.stands):
        return False
    time.sleep(SESSION_S + 2)
    member.resume()
    time.sleep(2)
    return True


def failed(member):
    return came(lambda: member.metric("pg_transactions_total", outcome="retried")
                or member.metric("output_transactions_total", outcome="failed"))


def came(ask, deadline=15):
    try:
        return bool(eventually(ask, deadline))
    except TimeoutError:
        return False


AFTER = {"exit": exited, "stop": stood, "fail": failed}

# --- PostgreSQL

def terminate(world, draw):
    """Half of the members' sessions."""
    pids = [pid for (pid,) in world.database.rows(f"SELECT pid {TIDEGATE} ORDER BY pid",
                                                  (world.name,))]
    for pid in draw.sample(pids, (len(pids) + 1) // 2):
        world.terminated += world.database.value("SELECT pg_terminate_backend(%s)", (pid,))
    return bool(pids)


def fail_over(world, draw):
    """A standby takes over; half of the time the last second of commits did not come to it."""
    world.servers.fail_over(draw.choice((0, 1)))
    return True


def disk_full(world, _):
    disk = world.servers.disk
    if not disk:
        return None
    before = world.said(FULL)
    disk.fill()
    hit = came(lambda: world.said(FULL) > before)
    time.sleep(2)
    disk.free()
    return hit


def crash_postgres(world, draw):
    world.postgres.immediate()
    time.sleep(draw.uniform(0, 2))
    world.postgres.start()
    return True


def restart_postgres(world, _):
    world.postgres.restart()
    return True


def locked(seconds):
    """Nobody can write the target; longer than the members' timeout or not."""
    def lock(world, _):
        with world.postgres.connect(world.name) as c, c.transaction():
            c.execute("LOCK TABLE payments IN ACCESS EXCLUSIVE MODE")
            end, hit = time.monotonic() + seconds, False
            while time.monotonic() < end:
                hit = hit or world.database.value(
                    f"SELECT count(*) {TIDEGATE} AND wait_event_type = 'Lock'", (world.name,))
                time.sleep(0.1)
        return hit
    return lock


def slow(world, _):
    """Every statement on the target takes longer than the members' timeout."""
    world.database.execute(SLOW)
    hit = came(lambda: world.database.value(
        f"SELECT count(*) {TIDEGATE} AND wait_event = 'PgSleep'", (world.name,)))
    time.sleep(STATEMENT_S + 1)
    world.database.execute("DROP TRIGGER slow ON payments")
    return hit


def commit_cut(way):
    def cut(world, draw):
        count = draw.randrange(1, 4)
        world.to_postgres.arm(**{way: count})
        came(lambda: world.to_postgres.cuts == count)
        return world.to_postgres.disarm()
    return cut


# --- Kafka

def node(world, draw):
    """One of several brokers; None: the only one."""
    return draw.randrange(world.kafka.brokers) + 1 if world.kafka.brokers > 1 else None


def kill_broker(world, draw):
    which = node(world, draw)
    world.kafka.kill9(which)
    time.sleep(draw.uniform(0, 2))
    world.kafka.start(which)
    return True


def restart_broker(world, draw):
    world.kafka.restart(node(world, draw))
    return True


def pause_broker(seconds):
    def pause(world, draw):
        which = node(world, draw)
        world.kafka.pause(which)
        time.sleep(seconds)
        world.kafka.resume(which)
        return True
    return pause


def partition_added(world, _):
    if world.partitions == world.plan.partitions + PARTITIONS_MORE:
        return False
    world.grow()
    return True


def loaded_deleted(world, draw):
    """What is loaded leaves Kafka: up to the chain's end, or a part of it."""
    part = draw.randrange(world.plan.partitions)
    end = world.watcher.chain.get(part, 0)
    before = end if draw.random() < 0.5 else end // 2
    return world.forget(part, lambda offsets: before if offsets[0] < before else None) is not None


def unread_deleted(world, draw):
    """All members leave; half of what came since is deleted, and passed over when they return."""
    members = world.alive()
    for member in members:
        member.leave()
    chain = world.loaded()
    time.sleep(2)

    def half(part):
        def choose(offsets):
            unread = [offset for offset in offsets if offset >= chain.get(part, 0)]
            return unread[len(unread) // 2] if unread else None
        return choose
    parts = draw.sample(range(world.plan.partitions), 2)
    hit = [world.forget(part, half(part)) for part in parts]
    for member in members:
        member.begin()
    return any(hit)


# --- the network, between the members and one of the servers

def spoilt(server, seconds, **how):
    """The proxy spoils all connections for so long; `ways`: how many directions stand still."""
    def spoil(world, draw):
        proxy = getattr(world, server)
        hit = len(proxy.connections) > 0
        proxy.stalled = set(draw.sample([UP, DOWN], how.get("ways", 0)))
        proxy.delay_s, proxy.bytes_per_s = how.get("delay_s", 0), how.get("bytes_per_s", 0)
        time.sleep(seconds)
        proxy.heal()
        return hit
    return spoil


def reset(server):
    def strike(world, draw):
        hit = 0
        for _ in range(draw.randrange(1, 4)):
            hit += getattr(world, server).reset()
            time.sleep(draw.uniform(0, 1))
        return hit
    return strike


def network(server, name):
    return {f"{name}: reset": reset(server),
            f"{name}: 200 ms more": spoilt(server, 6, delay_s=0.2),
            f"{name}: 64 KiB/s": spoilt(server, 6, bytes_per_s=65536),
            f"{name}: one way stands": spoilt(server, SESSION_S + 2, ways=1),
            f"{name}: both ways stand": spoilt(server, SESSION_S + 2, ways=2)}


FAULTS = {
    "process": {
        "SIGKILL": kill,
        "SIGSTOP 1 s": stopped(1),
        "SIGSTOP session + 2 s": stopped(SESSION_S + 2),
        "SIGSTOP 2 x session": stopped(2 * SESSION_S),
        "members come and go": members,
        "reload": reload,
        "death in a step": at_point("lane.step", "exit"),
        "death before advance": at_point("pg.before_advance", "exit"),
        "death after COMMIT was sent": at_point("pg.after_advance_sent", "exit"),
        "zombie before advance": at_point("pg.before_advance", "stop"),
        "zombie after COMMIT was sent": at_point("pg.after_advance_sent", "stop"),
        "lost before advance": at_point("pg.before_advance", "fail"),
        "lost after COMMIT was sent": at_point("pg.after_advance_sent", "fail"),
        "death before an output": at_point("relay.before_transaction", "exit"),
        "death after an output's records": at_point("relay.after_produce", "exit"),
        "death after an output's offsets": at_point("relay.after_offsets", "exit"),
        "death after an output": at_point("relay.after_commit", "exit"),
        "zombie after an output's records": at_point("relay.after_produce", "stop"),
        "zombie after an output's offsets": at_point("relay.after_offsets", "stop"),
        "lost after an output's offsets": at_point("relay.after_offsets", "fail"),
    },
    "postgres": {
        "half of the backends end": terminate,
        "PostgreSQL crashes": crash_postgres,
        "PostgreSQL restarts": restart_postgres,
        "a standby is promoted": fail_over,
        "the disk is full": disk_full,
        "target locked for 1 s": locked(1),
        "target locked beyond the timeout": locked(2 * STATEMENT_S),
        "statement timeout": slow,
        "cut before a COMMIT": commit_cut("before"),
        "cut after a COMMIT": commit_cut("after"),
    },
    "kafka": {
        "a broker is killed": kill_broker,
        "a broker restarts": restart_broker,
        "a broker stands for 20 s": pause_broker(20),
        "a broker stands for 3 s": pause_broker(3),
        "a partition more": partition_added,
        "loaded records deleted": loaded_deleted,
        "unread records deleted": unread_deleted,
    },
    "network": {**network("to_kafka", "Kafka"), **network("to_postgres", "PostgreSQL")},
}
SHORT = (("process", "zombie before advance"), ("postgres", "cut after a COMMIT"),
         ("process", "death after an output's offsets"), ("postgres", "half of the backends end"),
         ("process", "reload"), ("network", "Kafka: reset"), ("postgres", "cut before a COMMIT"))

STRAIGHT = {
    "process": {
        **{kind: FAULTS["process"][kind] for kind in
           ("SIGKILL", "SIGSTOP 1 s", "SIGSTOP session + 2 s", "SIGSTOP 2 x session",
            "members come and go", "reload", "death in a step")},
        "death before a transaction": at_point("sink.before_transaction", "exit"),
        "death after its records": at_point("relay.after_produce", "exit"),
        "death after its offsets": at_point("relay.after_offsets", "exit"),
        "death after a transaction": at_point("sink.after_commit", "exit"),
        "zombie before a transaction": at_point("sink.before_transaction", "stop"),
        "zombie after its records": at_point("relay.after_produce", "stop"),
        "zombie after its offsets": at_point("relay.after_offsets", "stop"),
        "zombie after a transaction": at_point("sink.after_commit", "stop"),
        "lost after its records": at_point("relay.after_produce", "fail"),
        "lost after its offsets": at_point("relay.after_offsets", "fail"),
        "its commit is of unknown outcome": at_point("relay.commit_lost", "fail"),
    },
    "kafka": FAULTS["kafka"],
    "network": network("to_kafka", "Kafka"),
}
STRAIGHT_SHORT = (("process", "zombie after its records"), ("process", "reload"),
                  ("process", "its commit is of unknown outcome"), ("network", "Kafka: reset"))
