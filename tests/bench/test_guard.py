"""The guard can fail: each figure alone makes it. A slow machine is excused, a slow program not."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
sys.dont_write_bytecode = True

from guard import judge  # noqa: E402

LIMITS = json.loads((HERE / "guard.json").read_text(encoding="utf-8"))
GOOD = {"own_cpu": 0.8 * LIMITS["own_cpu_max"], "raw_cpu": LIMITS["raw_cpu"],
        "ratio": 1.2 * LIMITS["ratio_min"], "others": 0.0, "alloc_growth": 0.0}


def failed(**changes):
    return [i for i, (_, good) in enumerate(judge({**GOOD, **changes}, LIMITS)) if not good]


class Guard(unittest.TestCase):
    def test_good_figures_pass(self):
        self.assertEqual([], failed())

    def test_each_figure_can_fail(self):
        self.assertEqual([0], failed(own_cpu=1.05 * LIMITS["own_cpu_max"]))
        self.assertEqual([1], failed(ratio=0.95 * LIMITS["ratio_min"]))
        self.assertEqual([2], failed(alloc_growth=1.0))

    def test_slow_machine_is_excused(self):
        self.assertEqual([], failed(own_cpu=2 * GOOD["own_cpu"], raw_cpu=2 * GOOD["raw_cpu"]))

    def test_slow_program_is_not(self):
        self.assertEqual([0], failed(own_cpu=2 * GOOD["own_cpu"]))

    def test_fast_machine_raises_no_bar(self):
        self.assertEqual([], failed(raw_cpu=GOOD["raw_cpu"] / 2))

    def test_others_excuse_their_share_of_the_rate(self):
        half = {"ratio": 0.6 * GOOD["ratio"], "others": 0.5}
        self.assertEqual([], failed(**half))
        self.assertEqual([1], failed(ratio=0.3 * GOOD["ratio"], others=0.5))

    def test_command_fails_with_bad_figures(self):
        for own_cpu, code in ((GOOD["own_cpu"], 0), (99, 1)):
            with tempfile.NamedTemporaryFile("w", suffix=".json") as figures:
                json.dump({**GOOD, "own_cpu": own_cpu}, figures)
                figures.flush()
                done = subprocess.run([str(HERE / "run"), "--guard", "--figures", figures.name],
                                      capture_output=True, text=True, check=False)
                self.assertEqual(code, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
