"""A server behind one of the scripts in tests/servers."""
import pathlib
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[3]


class Server:
    """Started when made; wipe() ends it and removes its folder."""

    script = ""

    def __init__(self, *args, verb="start"):
        self.folder = tempfile.mkdtemp(prefix="tge2e-", dir="/tmp")
        try:
            self.address = self.run(verb, *args)
        except Exception:
            self.wipe()
            raise

    def run(self, verb, *args):
        """What the script prints for this verb; raises with its messages when it fails."""
        command = [str(TOP / "tests/servers" / self.script), verb, "--dir", self.folder, *args]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600,
                              stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"{self.script} {verb}: exit {done.returncode}\n{done.stderr}")
        return done.stdout.strip()

    def wipe(self):
        self.run("wipe")
