"""What is done to a run, and when: FAULTS by profile, and the schedule of a seed.

A fault is a function (world, draw) -> whether it hit anything; when it returns its cause is gone.
draw is a random.Random of its own, so that a schedule depends on nothing but its seed."""
import random
import time
from typing import NamedTuple

from lib.poll import eventually
from world import SESSION_S

MEMBERS_MAX = 4
BROKEN = "return { topics = { 'none' }, table = 'payments', fields = { 'id none' } }\n"


class Fault(NamedTuple):
    profile: str
    kind: str
    seed: int
    gap_s: float  # before the next one
    wait: bool    # for the pipeline to go on, before the next one


def schedule(seed, profiles):
    """The faults of a seed, without end: every kind once in a random order, then again."""
    draw = random.Random(seed)
    kinds = [(profile, kind) for profile in profiles for kind in FAULTS[profile]]
    while True:
        draw.shuffle(kinds)
        for profile, kind in kinds:
            yield Fault(profile, kind, draw.getrandbits(32), draw.uniform(0.2, 2.0),
                        draw.random() < 0.8)


def inflict(world, fault):
    """Whether it hit."""
    return FAULTS[fault.profile][fault.kind](world, random.Random(fault.seed))


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
    """A member is started with a fault point; it dies there, or stands until others took over."""
    def strike(world, draw):
        member = world.pick()
        member.leave()
        member.faults = f"{point}={action}@{draw.randrange(1, 12)}"
        member.begin()
        hit = AFTER[action](member)
        if member.running():
            member.leave()
        member.faults = None
        member.expected = False
        member.begin()
        return hit
    return strike


def exited(member):
    member.expected = False
    return came(lambda: not member.running()) and member.process.returncode == 86


def stood(member):
    if not came(member.stands):
        return False
    time.sleep(SESSION_S + 2)
    member.resume()
    time.sleep(2)
    return True


def failed(member):
    return came(lambda: member.metric("pg_transactions_total", outcome="retried"))


def came(ask, deadline=15):
    try:
        return bool(eventually(ask, deadline))
    except TimeoutError:
        return False


AFTER = {"exit": exited, "stop": stood, "fail": failed}

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
    },
}
