#!/usr/bin/python3
"""./dev itself, with its tools replaced by stubs: sums, exit codes, what it installs."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
CTEST = """<?xml version="1.0"?>
<testsuite name="Linux-c++"
\ttests="%d"
\tfailures="%d"
\tdisabled="0"
\tskipped="%d"
\thostname="vm"
\t><testcase name="a"><failure message="tests=&quot;9&quot;"/></testcase></testsuite>
"""
PYTEST = ('<?xml version="1.0"?><testsuites><testsuite name="pytest" errors="1" failures="1" '
          'skipped="0" tests="5" time="1"></testsuite></testsuites>')


class Home:
    """A copy of dev beside an empty package list; the folder `bin` comes first in PATH."""

    def __init__(self, folder, packages="build libone-dev\ntest two\n"):
        self.top = pathlib.Path(folder)
        self.top.chmod(0o755)
        shutil.copy(TOP / "dev", self.top / "dev")
        for name in ("deploy", "bin", "build/logs"):
            (self.top / name).mkdir(parents=True)
        (self.top / "deploy/packages.txt").write_text("# comment\n" + packages)
        for name in ("cmake", "ninja", "apt-get", "setarch"):
            self.stub(name, f'echo "{name} $*" >>"$CALLS"')
        self.stub("sudo", "exit 1")
        self.stub("dpkg-query", "printf 'installed libone-dev\\ninstalled two\\n'")
        self.calls = self.top / "calls"
        self.calls.touch()

    def stub(self, name, text):
        path = self.top / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def ctest(self, junit, status=0):
        """What ctest leaves behind; without JUnit it dies early."""
        (self.top / "junit").write_text(junit)
        copy = f'cp {self.top}/junit "$2"' if junit else ":"
        self.stub("ctest", f'while [ "$1" != --output-junit ]; do shift; done; {copy}; '
                           f'exit {status}')
        self.stub("setarch", 'case "$3" in ctest) shift 2; exec "$@";; esac')

    def run(self, *args, user=()):
        environment = {**os.environ, "CALLS": str(self.calls),
                       "PATH": f"{self.top}/bin:/usr/bin:/bin"}
        return subprocess.run([*user, str(self.top / "dev"), *args], env=environment, text=True,
                              capture_output=True, check=False, stdin=subprocess.DEVNULL)


class Dev(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Home(folder.name)

    def sums(self, done, status, line):
        self.assertEqual((done.stdout.splitlines()[-1], done.returncode), (line, status),
                         done.stdout + done.stderr)

    def test_all_passed(self):
        self.home.ctest(CTEST % (3, 0, 0))
        self.sums(self.home.run("test", "unit"), 0, "3 passed, 0 failed, 0 skipped")

    def test_suites_are_summed(self):
        self.home.ctest(CTEST % (3, 0, 0))
        self.sums(self.home.run("test", "unit", "lint"), 0, "6 passed, 0 failed, 0 skipped")

    def test_a_failure_fails(self):
        self.home.ctest(CTEST % (3, 1, 0), 8)
        self.sums(self.home.run("test", "unit"), 1, "2 passed, 1 failed, 0 skipped")

    def test_a_skip_fails(self):
        self.home.ctest(CTEST % (3, 0, 1))
        self.sums(self.home.run("test", "unit"), 1, "2 passed, 0 failed, 1 skipped")

    def test_pytest_errors_count(self):
        self.home.ctest(PYTEST, 1)
        self.sums(self.home.run("test", "unit"), 1, "3 passed, 2 failed, 0 skipped")

    def test_a_fall_outside_a_test_counts(self):
        self.home.ctest(CTEST % (3, 0, 0), 139)
        self.sums(self.home.run("test", "unit"), 1, "3 passed, 1 failed, 0 skipped")

    def test_a_runner_without_report_counts(self):
        self.home.ctest("", 1)
        self.sums(self.home.run("test", "unit"), 1, "0 passed, 1 failed, 0 skipped")

    def test_a_report_of_an_earlier_run_does_not_count(self):
        (self.home.top / "build/logs/unit.xml").write_text(CTEST % (9, 0, 0))
        self.home.stub("cmake", "echo broken build; exit 1")
        done = self.home.run("test", "unit")
        self.sums(done, 1, "0 passed, 1 failed, 0 skipped")
        self.assertIn("broken build", done.stderr)

    def test_nothing_missing_installs_nothing(self):
        done = self.home.run("setup")
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        self.assertEqual(self.home.calls.read_text(), "")

    def test_only_the_group_that_was_asked_for(self):
        self.home.stub("dpkg-query", "echo installed libone-dev; exit 1")
        self.assertEqual(self.home.run("setup", "build").returncode, 0)

    def test_what_is_missing_is_installed(self):
        self.home.stub("sudo", 'shift; exec "$@"')  # not asked for by root
        self.home.stub("dpkg-query", "printf 'installed libone-dev\\nnot-installed two\\n'; exit 1")
        self.assertEqual(self.home.run("setup").returncode, 0)
        self.assertRegex(self.home.calls.read_text(), r"apt-get .* update\napt-get .* -y two\n$")

    def test_without_sudo_it_says_what_to_install(self):
        self.home.stub("dpkg-query", "echo installed two; exit 1")
        drop = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        done = self.home.run("setup", user=() if os.geteuid() else drop)
        self.assertEqual(done.returncode, 78)
        self.assertIn("--no-install-recommends libone-dev\n", done.stderr)
        self.assertEqual(self.home.calls.read_text(), "")


if __name__ == "__main__":
    unittest.main()
