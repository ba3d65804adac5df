"""What figures are computed with."""
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
sys.dont_write_bytecode = True

from figures import kept_pace, median, percentile, repeated, slope, summary  # noqa: E402
from groups import GROUPS  # noqa: E402
from machinery import by_kind  # noqa: E402
from report import document  # noqa: E402


class Percentile(unittest.TestCase):
    def test_least_value_that_enough_do_not_exceed(self):
        counts = {5: 50, 9: 49, 100: 1}
        self.assertEqual([5, 9, 9, 100], [percentile(counts, p) for p in (0.5, 0.51, 0.99, 0.991)])

    def test_of_one_value_all_are_it(self):
        self.assertEqual([7, 7], [percentile({7: 1}, p) for p in (0.5, 0.999)])

    def test_of_nothing_there_is_none(self):
        with self.assertRaises(ValueError):
            percentile({}, 0.5)


class Repeated(unittest.TestCase):
    def test_rest_of_the_last_time_counts(self):
        parts = [(1, 10), (1, 20), (1, 40)]
        for count in (1, 2, 3, 7, 9):
            whole = (parts * 3)[:count]
            self.assertEqual([sum(x) for x in zip(*whole)], repeated(parts, count))

    def test_of_each_once(self):
        self.assertEqual([2, 30], repeated(iter([(1, 10), (1, 20)]), None))


class Rounds(unittest.TestCase):
    def test_ratio_is_to_the_base_of_the_same_round(self):
        rounds = [{"raw": {"rate": raw}, "x": {"rate": ours}}
                  for raw, ours in ((100, 50), (10, 8), (50, 45))]
        self.assertEqual(0.8, summary(rounds, "raw")["x"]["ratio"])

    def test_without_a_base_there_is_no_ratio(self):
        self.assertNotIn("ratio", summary([{"x": {"rate": 50}}], "raw")["x"])
        self.assertNotIn("ratio", summary([{"x": {"rate": 50}}], None)["x"])

    def test_median_goes_into_dicts_and_keeps_texts(self):
        rounds = [{"a": {"b": n}, "pace": str(n)} for n in (3, 1, 2)]
        self.assertEqual({"a": {"b": 2}, "pace": "2"}, median(rounds))

    def test_slope_of_a_line(self):
        self.assertAlmostEqual(0.25, slope([(0, 1), (10, 3.5), (50, 13.5)]))


class Once(unittest.TestCase):
    def test_statements_are_told_apart(self):
        statements = [("SELECT tidegate.advance_v2($1, $2)", 20, 0.04),
                      ("SET CONSTRAINTS ALL IMMEDIATE", 20, 0.01), ("COMMIT", 20, 0.2),
                      ("SELECT tidegate.claim_renew_v1($1::int[], $2::bigint[])", 3, 0.02),
                      ("COPY reference FROM STDIN (FORMAT binary)", 20, 1.0), ("BEGIN", 20, 0.0),
                      ("SELECT * FROM tidegate.progress_v2($1, $2)", 9, 5.0)]
        spent = by_kind(statements)
        self.assertEqual(["claims", "ledger", "rows"], sorted(spent))
        for kind, seconds in (("ledger", 0.05), ("claims", 0.02), ("rows", 1.2)):
            self.assertAlmostEqual(seconds, spent[kind])


class Page(unittest.TestCase):
    def test_each_group_has_its_section(self):
        text = (HERE / "performance.md.in").read_text(encoding="utf-8")
        for name in GROUPS:
            self.assertIn(f"@if {name}@\n## ", text)
            self.assertIn(f"\n@table {name}@\n", text)

    def test_a_group_that_was_not_run_is_not_there(self):
        done = {"rounds": 1, "median": {"a variant": {"p50": 17}}, "lines": ["so it is"]}
        machine = {name: "x" for name in ("cpu", "cores", "memory_gb", "kernel", "tidegate",
                                          "postgres", "commit", "date")}
        page = document({"machine": machine, "events": 1, "groups": {"latency": done}})
        self.assertIn("| a variant | 17     |", page)
        self.assertIn("- so it is", page)
        self.assertNotIn("## Spike", page)
        self.assertNotRegex(page, r"@\w+( \w+)?@")


class Pace(unittest.TestCase):
    def test_few_or_late_events_break_it(self):
        good = {"rate": 1000, "seconds": 10, "sent": 10000, "late_ms": 3}
        for change, kept in (({}, True), ({"sent": 9700}, False), ({"late_ms": 101}, False)):
            self.assertEqual(kept, kept_pace({**good, **change}))


if __name__ == "__main__":
    unittest.main()
