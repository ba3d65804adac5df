"""A throwaway PostgreSQL."""
import os
import signal
import time

import psycopg
from psycopg import sql

from lib.poll import eventually
from lib.server import Server


class Postgres(Server):
    script = "postgres.sh"

    def __init__(self, fsync=False, of=None, space=None, **settings):
        """fsync: on where a crash of the server is part of the test. of: the one it follows, as a
        standby; space: (that one's, its own) folder of a tablespace."""
        if of:
            args = ["--space", "=".join(space)] if space else []
            super().__init__("--of", of.folder, *args, verb="standby")
            return
        args = [f"{k}={v}" for k, v in settings.items()]
        super().__init__("--fsync", "on" if fsync else "off", *args)

    def dsn(self, database="postgres"):
        return self.address.replace("dbname=postgres", f"dbname={database}")

    def connect(self, database="postgres"):
        """Autocommit; every statement is a transaction."""
        return psycopg.connect(self.dsn(database), autocommit=True, connect_timeout=60)

    def create(self, database, like="template1", space="pg_default"):
        """like: the database it is a copy of, which nobody uses at the moment."""
        with self.connect() as c:
            c.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} TABLESPACE {}").format(
                *map(sql.Identifier, (database, like, space))))
        return Database(self, database)

    def drop(self, database):
        with self.connect() as c:
            c.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def stop(self):
        self.run("stop")

    def start(self):
        self.run("start")

    def immediate(self):
        """Ends like a crash: no checkpoint, the next start recovers."""
        self.run("immediate")

    def restart(self):
        self.run("restart")

    def fail_over(self, lost_s, space=None):
        """A standby is made, follows, and takes this one's place, at another port; commits of about
        so many seconds did not come to it."""
        follower = Postgres(of=self, space=space)
        with follower.connect() as c:
            pid = eventually(lambda: c.execute("SELECT pid FROM pg_stat_wal_receiver"
                                               " WHERE status = 'streaming'").fetchone())[0]
        if lost_s:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(lost_s)
        self.immediate()
        if lost_s:
            os.kill(pid, signal.SIGKILL)  # what waits in its socket is lost, too
            eventually(follower.answers)
        follower.run("promote")
        with open(f"{self.folder}/log", "rb") as log, open(f"{follower.folder}/log", "ab") as to:
            to.write(log.read())
        self.wipe()
        self.folder, self.address = follower.folder, follower.address

    def answers(self):
        try:
            self.connect().close()
            return True
        except psycopg.Error:
            return False


class Database:
    """One database of a server. Queries share a connection, which is made anew after a restart."""

    def __init__(self, server, name):
        self.server, self.name, self.dsn = server, name, server.dsn(name)
        self.kept = None

    def rows(self, query, args=None):
        return self._run(query, args).fetchall()

    def value(self, query, args=None):
        return self.rows(query, args)[0][0]

    def execute(self, statement, args=None):
        self._run(statement, args)

    def close(self):
        """Until the next query nobody uses the database on our behalf."""
        if self.kept:
            self.kept.close()
        self.kept = None

    def _run(self, statement, args):
        if self.kept:
            try:
                return self.kept.execute(statement, args)
            except psycopg.OperationalError:
                if not self.kept.closed:
                    raise
        self.kept = self.server.connect(self.name)
        self.kept.prepare_threshold = None  # tables change under us
        return self.kept.execute(statement, args)
