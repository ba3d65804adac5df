"""Calls of malloc per load must not grow with the rows in it (alloc_count.c counts them)."""
import os
import pathlib
import struct

from variants import Load

SIZES = (1000, 20000)  # rows of a load
WARM = 4               # loads until every arena has its size


class Counted(Load):
    """A load whose program counts its calls, and apart from them those of librdkafka."""

    def __init__(self, world, rows):
        super().__init__(world, rules=50, lanes=1, rows=rows)
        self.counts = self.process.folder / "allocations"
        library = pathlib.Path(world.program).parent / "tests/bench/liballoc_count.so"
        os.environ.update(LD_PRELOAD=str(library), TG_ALLOC_FILE=str(self.counts))

    def start(self):
        process = super().start()
        for name in ("LD_PRELOAD", "TG_ALLOC_FILE"):
            os.environ.pop(name)
        return process

    def clocks(self):
        return {name: lambda i=i: struct.unpack("=QQ", self.counts.read_bytes())[i]
                for i, name in enumerate(("ours", "librdkafka"))}

    def figures(self, sampler):
        commits = self.commits()
        warm, last = commits[min(WARM, len(commits) // 2)][0], commits[-1][0]
        loads = sum(1 for at, _ in commits if at > warm)
        rows = sum(n for at, n in commits if at > warm) / loads
        return {"rows": rows, "ours": sampler.spent("ours", warm, last) / loads,
                "librdkafka": sampler.spent("librdkafka", warm, last) / loads}


def growth(world):
    """Calls of malloc for each further row of a load."""
    seen = []
    for size in SIZES:
        load = Counted(world, size)
        seen.append(load.run())
        load.finish()
        rows, ours, others = (seen[-1][x] for x in ("rows", "ours", "librdkafka"))
        print(f"loads of {rows:,.0f} rows: {ours:,.0f} calls of malloc each,"
              f" librdkafka's {others:,.0f}")
    few, many = seen
    return (many["ours"] - few["ours"]) / (many["rows"] - few["rows"])
