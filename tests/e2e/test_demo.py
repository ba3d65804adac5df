"""The demo: ends well, balances, opens the breaker when asked to, leaves nothing behind."""
import glob
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

from lib.poll import PATIENCE_S, eventually
from lib.tidegate import PROGRAM

ORDINARY = "nobody"


class Demo:
    """`tidegate demo ..` as a process of a user; its folder is known from its first line."""

    def __init__(self, *args, program=PROGRAM, user=None, **more):
        switch = ["setpriv", "--reuid", user or "", "--regid", "nogroup", "--clear-groups"]
        self.process = subprocess.Popen(
            [*(switch if user else []), str(program), "demo", *args], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/", **more)
        self.folder = re.search(r"in (/tmp/tidegate-demo\.\w+)", self.process.stdout.readline())[1]

    def until_loaded(self, count):
        """Reads until it says that so many events are in PostgreSQL."""
        for line in self.process.stdout:
            found = re.search(r" (\d+) in PostgreSQL", line)
            if found and int(found[1]) >= count:
                return
        raise AssertionError(self.process.stderr.read())

    def finish(self, deadline=PATIENCE_S):
        """(exit code, stdout, stderr)"""
        out, err = self.process.communicate(timeout=deadline)
        return self.process.returncode, out, err

    def nothing_is_left(self):
        assert not os.path.exists(self.folder)
        assert processes_of(self.folder) == []


def complaints(err):
    """What is on stderr; on a busy machine the broker may be late, and that is told."""
    return [line for line in err.splitlines() if 'level=warn subject="kafka"' not in line]


def processes_of(folder):
    """Process ids whose command line names the folder."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as f:
                if folder.encode() in f.read():
                    found.append(int(path.split("/")[2]))
        except OSError:  # gone meanwhile
            pass
    return found


def balance(out):
    """{table: (in, loaded, quarantined, late, dropped)}, (sent, in the ledger)"""
    rows = re.findall(r"(?m)^  (\w+) +(\d+) = (\d+) \+ (\d+) \+ (\d+) \+ (\d+)   ok$", out)
    total = re.search(r"(?m)^  sent (\d+), in the ledger (\d+)", out)
    return {name: tuple(map(int, n)) for name, *n in rows}, tuple(map(int, total.groups()))


def test_it_balances_and_leaves_nothing():
    """Ended by a signal."""
    demo = Demo()
    demo.until_loaded(4000)
    demo.process.send_signal(signal.SIGINT)
    code, out, err = demo.finish()
    assert (code, complaints(err)) == (0, []), err
    tables, (sent, ledger) = balance(out)
    assert set(tables) == {"flights", "orders", "payments"} and sent == ledger >= 4000
    assert sum(t[0] for t in tables.values()) == ledger
    assert all(n == sum(rest) for n, *rest in tables.values())
    assert "quarantine, by stage and rule" in out and "between(amount)" in out
    demo.nothing_is_left()


def test_an_ordinary_user_can_run_it():
    user = ORDINARY if os.geteuid() == 0 else None
    home = f"/tmp/tidegate-e2e-{os.getpid()}"  # pytest's folders are closed to others
    shutil.copytree(os.path.join(os.path.dirname(__file__), "../../scripts"), f"{home}/scripts")
    shutil.copytree(os.path.join(os.path.dirname(__file__), "../../rules"), f"{home}/rules")
    shutil.copy(PROGRAM, f"{home}/tidegate")
    try:
        demo = Demo("--seconds", "2", program=f"{home}/tidegate", user=user)
        code, out, err = demo.finish()
    finally:
        shutil.rmtree(home)
    assert (code, complaints(err)) == (0, []), err
    _, (sent, ledger) = balance(out)
    assert sent == ledger > 0
    demo.nothing_is_left()


def test_a_signal_while_it_starts_ends_it_too():
    demo = Demo()
    demo.process.send_signal(signal.SIGTERM)
    assert demo.finish()[0] == 0
    demo.nothing_is_left()


def test_postgres_ends_with_a_demo_that_is_killed():
    demo = Demo()
    demo.until_loaded(0)
    assert processes_of(demo.folder)
    demo.process.kill()
    demo.finish()
    eventually(lambda: not processes_of(demo.folder))
    shutil.rmtree(demo.folder)


def picture(seen):
    """What stands on the terminal, after its last drawing."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode(errors="replace").split("\x1b[H")[-1])


def test_bad_payments_open_the_breaker_and_a_terminal_shows_it():
    """What stands on it at the end, and the balance below."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(PROGRAM, [PROGRAM, "demo", "--bad"])
    seen, told, end = b"", False, time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            seen += data
        now = picture(seen)
        if not told and all(x in now for x in ("BREAKER OPEN", "compare(amount)", "Ctrl-C")):
            os.kill(pid, signal.SIGINT)
            told = True
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
    text, last = seen.decode(), picture(seen)
    for part in ("events/s", "in PostgreSQL", "QUARANTINED", "P99", "LAG", "BREAKER OPEN",
                 "compare(amount)", "orders       decode", "pass"):
        assert part in last, (part, last)
    tables, (sent, ledger) = balance(last.replace("\r", ""))
    assert ledger < sent and "held by a breaker" in last
    assert tables["orders"][0] > tables["payments"][0] > 0
    assert all(len(line) <= 100 for line in last.split("Ctrl-C")[0].splitlines())
    assert text.index("\x1b[?25l") < text.rindex("\x1b[?25h"), "the cursor is not given back"
