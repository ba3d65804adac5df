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

from guard import WORSE, figures, judge  # noqa: E402

COMMITTED = json.loads((HERE / "guard.json").read_text(encoding="utf-8"))
GOOD = {"cpu_ratio": COMMITTED["cpu_ratio"], "rate_ratio": COMMITTED["rate_ratio"], "others": 0.0,
        "alloc_growth": 0.0}


def failed(**changes):
    return [i for i, (_, good) in enumerate(judge({**GOOD, **changes}, COMMITTED)) if not good]


class Guard(unittest.TestCase):
    def test_committed_figures_pass(self):
        self.assertEqual([], failed())

    def test_each_figure_can_fail(self):
        self.assertEqual([0], failed(cpu_ratio=1.01 * WORSE * GOOD["cpu_ratio"]))
        self.assertEqual([1], failed(rate_ratio=0.99 / WORSE * GOOD["rate_ratio"]))
        self.assertEqual([2], failed(alloc_growth=1.0))

    def test_a_tenth_worse_passes(self):
        self.assertEqual([], failed(cpu_ratio=1.1 * GOOD["cpu_ratio"],
                                    rate_ratio=0.9 * GOOD["rate_ratio"]))

    def test_others_excuse_their_share_of_the_rate(self):
        self.assertEqual([], failed(rate_ratio=0.5 * GOOD["rate_ratio"], others=0.5))
        self.assertEqual([1], failed(rate_ratio=0.4 * GOOD["rate_ratio"], others=0.5))

    def test_each_side_counts_with_its_best_round(self):
        rounds = [{"raw": {"pg_cpu": raw, "rate": raw_rate},
                   "x": {"own_cpu": own, "rate": rate, "others": others}}
                  for raw, raw_rate, own, rate, others in ((2.0, 400, 5.0, 100, 0.5),
                                                           (3.0, 200, 2.5, 200, 0.1))]
        self.assertEqual({"cpu_ratio": 1.25, "rate_ratio": 0.5, "others": 0.1},
                         figures(rounds, "x"))

    def test_slow_machine_is_excused(self):
        quiet = [{"raw": {"pg_cpu": 2.0, "rate": 400},
                  "x": {"own_cpu": 2.4, "rate": 280, "others": 0.0}}]
        slow = [{"raw": {"pg_cpu": 4.0, "rate": 200},
                 "x": {"own_cpu": 4.8, "rate": 140, "others": 0.0}}]
        self.assertEqual(figures(quiet, "x"), figures(slow, "x"))

    def test_command_fails_with_bad_figures(self):
        for cpu_ratio, code in ((GOOD["cpu_ratio"], 0), (99, 1)):
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump({**GOOD, "cpu_ratio": cpu_ratio}, file)
                file.flush()
                done = subprocess.run([str(HERE / "run"), "--guard", "--figures", file.name],
                                      capture_output=True, text=True, check=False)
                self.assertEqual(code, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
