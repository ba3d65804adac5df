"""A disk that can be full: a tmpfs, which needs root."""
import os
import pathlib
import shutil
import subprocess
import tempfile

SIZE = 4 << 30


class Disk:
    """A folder of its own for a tablespace."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tgdisk-", dir="/tmp"))
        self.space = self.folder / "space"
        try:
            self._mount(f"size={SIZE},mode=755", "tmpfs")
        except subprocess.CalledProcessError:
            self.folder.rmdir()
            raise
        self.space.mkdir(0o700)
        shutil.chown(self.space, "postgres")

    @classmethod
    def make(cls):
        """One, or None where there can be none."""
        try:
            return None if os.geteuid() else cls()
        except subprocess.CalledProcessError:  # root of a container, perhaps
            return None

    def fill(self):
        """Nothing more can be written."""
        used = os.statvfs(self.folder)
        self._mount(f"remount,size={(used.f_blocks - used.f_bfree) * used.f_frsize + 65536}")

    def free(self):
        self._mount(f"remount,size={SIZE}")

    def wipe(self):
        subprocess.run(["umount", "-l", self.folder], check=True)
        self.folder.rmdir()

    def _mount(self, options, *what):
        subprocess.run(["mount", *(["-t", "tmpfs"] if what else []), "-o", options, *what,
                        self.folder], check=True, capture_output=True)
