"""Forms of the target table, against a plain one; made before the program starts, as a user's."""
import subprocess

from variants import Load, measured

DAYS = 8
ITEMS = '    "items       jsonb",\n'


class Formed(Load):
    """Events of eight days into a table of this form."""

    def __init__(self, world, form):
        self.form = form
        step = str(DAYS * 86400 * 1000000 // world.count)
        super().__init__(world.reference("days", 8, "--step", step), 50, 1)

    def made(self):
        """A database with the table in it, and no state of the program."""
        name = self.world.fresh(template="bench_shape")
        with self.world.postgres.connect(name) as c:
            c.execute("DROP SCHEMA tidegate CASCADE")
            for statement in FORMS[self.form]:
                c.execute(statement)
        return name

    def text(self):
        text = super().text()
        return text.replace('    "os ', ITEMS + '    "os ', 1) if self.form == JSONB else text


    def finish(self):
        if self.form == JSONB:
            self.verify_items()
        super().finish()

    def verify_items(self):
        source = self.world.generate(stdout=subprocess.PIPE)
        sent = sum(line.count(b'"qty":') for line in source.stdout)
        source.wait()
        with self.world.postgres.connect(self.database) as c:
            got = c.execute("SELECT sum(jsonb_array_length(items)) FROM reference").fetchone()[0]
        if got != sent:
            raise RuntimeError(f"{self.database}: {got} items, {sent} were sent")


def parted(by, parts):
    return ["ALTER TABLE reference RENAME TO plain",
            f"CREATE TABLE reference (LIKE plain) PARTITION BY {by}",
            *(f"CREATE TABLE reference_{i} PARTITION OF reference FOR VALUES {values}"
              for i, values in enumerate(parts))]


def day(i):
    return f"'2026-01-{i + 1:02}T00:00:00Z'"


PLAIN, BY_DAY = "plain table", "8 day-partitions"
BY_HASH, JSONB = "8 partitions by hash", "a jsonb column more"
FORMS = {
    PLAIN: [],
    BY_DAY: parted("RANGE (event_time)",
                   [f"FROM ({day(i)}) TO ({day(i + 1)})" for i in range(DAYS)]),
    BY_HASH: parted("HASH (user_id)", [f"WITH (MODULUS 8, REMAINDER {i})" for i in range(8)]),
    JSONB: ["ALTER TABLE reference ADD items jsonb"],
}
TABLES = {form: lambda world, form=form: measured(Formed(world, form)) for form in FORMS}
