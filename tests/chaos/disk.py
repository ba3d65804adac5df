"""A disk that can be full: a tmpfs, which needs root."""
import os
import pathlib
import shutil
import subprocess
import tempfile

SIZE = 4 << 30


class Disk:
    """A folder of its own for a tablespace; only where can() is true."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tgdisk-", dir="/tmp"))
        self.space = self.folder / "space"
        self._mount(f"size={SIZE},mode=755", "tmpfs")
        self.space.mkdir(0o700)
        shutil.chown(self.space, "postgres")

    @staticmethod
    def can():
        """Whether a disk can be made here."""
        if os.geteuid():
            return False
        try:
            Disk().wipe()
            return True
        except (OSError, subprocess.CalledProcessError):
            return False

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
