"""The embedded Valkey: a message broker, not a memory."""

import signal
from pathlib import Path

from .binaries import valkey_program
from .locks import Say
from .paths import hand_over, writing_in
from .server import Server, clear_socket, exchange, process_in

UNREADABLE = (
    "RDB",
    "loading the DB",
    "load DB",
)  # parts of what Valkey says before it gives up on a snapshot


class Valkey(Server):
    title = "Valkey"
    name = "valkey"
    stop_signal = signal.SIGTERM
    last_signal = signal.SIGKILL  # nothing in it is the truth

    def get_ready(self, held: int, say: Say) -> None:
        folder = self.instance.valkey
        with writing_in(folder):
            for leftover in (self._pid_file, *folder.glob("temp-*.rdb")):
                leftover.unlink(missing_ok=True)
        hand_over(folder, self.instance.identity)
        clear_socket(self.instance.valkey_socket)

    def command(self) -> list[str]:
        """Snapshots only: a message says "now", what is to be done stands in PostgreSQL, so a lost minute costs nothing.

        `noeviction`: a broker that forgets silently would be worse than one that complains. A full disk must not stop the
        messages (`stop-writes-on-bgsave-error no`) nor the end (`shutdown-on-sigterm force`).
        """
        settings = {
            "port": "0",
            "unixsocket": str(self.instance.valkey_socket),
            "unixsocketperm": "700",
            "dir": str(self.instance.valkey),
            "pidfile": str(self._pid_file),
            "daemonize": "no",
            "set-proc-title": "no",  # its command line stays recognisable
            "appendonly": "no",
            "save": "60 1",
            "stop-writes-on-bgsave-error": "no",
            "shutdown-on-sigterm": "force",
            "maxmemory-policy": "noeviction",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(valkey_program(self.instance)), *options]

    def process_id(self) -> int | None:
        return process_in(self._pid_file, "valkey-server", self.instance.valkey)

    def answers(self) -> bool:
        return ping(self.instance.valkey_socket)

    def heal(self, last_words: str, say: Say) -> bool:
        """Put a snapshot aside that cannot be read: the messages in it can be found again, a broker that stands cannot."""
        if not self._snapshot.exists() or not any(words in last_words for words in UNREADABLE):
            return False
        aside = self._snapshot.with_suffix(".unreadable")
        self._snapshot.replace(aside)
        say(f"Valkey could not read its snapshot; it starts empty. The old one is {aside}.")
        return True

    @property
    def _pid_file(self) -> Path:
        return self.instance.valkey / "valkey.pid"

    @property
    def _snapshot(self) -> Path:
        return self.instance.valkey / "dump.rdb"


def ping(path: Path) -> bool:
    """Whether a Valkey at this socket serves commands (not while it still loads its snapshot)."""
    return exchange(path, b"PING\r\n").startswith(b"+PONG")
