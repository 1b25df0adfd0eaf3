"""Start one program with another identity, detached from the terminal, or tied to the life of its parent.

Run as a file (`python -I -S launcher.py OPTIONS -- PROGRAM ARGUMENTS`), so that nothing happens between fork and exec of a process
with threads. It imports only the standard library and ends in the program itself.

  --map-uid U --map-gid G   enter a user namespace in which the caller is seen as account U and group G. Programs that refuse
                            to run as root then run, without any change of ownership and without a new account.
  --uid U --gid G           give up root for an account of this machine.
  --detach                  become a child of init, in a session of its own, and return at once.
  --parent P --signal S     receive the signal S when the parent process P dies (Linux).
  --check                   only try; start nothing.
"""

import argparse
import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
CANNOT_EXECUTE = 126


def call_libc(name: str, *arguments: int) -> None:
    """Call a function of the C library that returns 0; raises OSError with its errno otherwise."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter_user_namespace(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    call_libc("unshare", CLONE_NEWUSER)
    own = Path("/proc/self")
    own.joinpath("setgroups").write_text("deny")  # the kernel asks for this before an unprivileged gid_map
    own.joinpath("uid_map").write_text(f"{uid} {outer_uid} 1")
    own.joinpath("gid_map").write_text(f"{gid} {outer_gid} 1")


def become(uid: int, gid: int) -> None:
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)


def detach() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def die_with(parent: int, number: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    call_libc("prctl", PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:  # it died before prctl could tell
        sys.exit(0)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("--map-uid", "--map-gid", "--uid", "--gid", "--parent", "--signal"):
        parser.add_argument(name, type=int)
    parser.add_argument("--detach", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


def prepare(options: argparse.Namespace) -> None:
    if options.map_uid is not None:
        enter_user_namespace(options.map_uid, options.map_gid)
    if options.uid is not None:
        become(options.uid, options.gid)
    if options.detach:
        os.umask(0o077)
        detach()
    if options.parent is not None:
        die_with(options.parent, options.signal)


def main(arguments: list[str]) -> None:
    options = parse(arguments)
    command = options.command[1:]  # REMAINDER keeps the "--"
    try:
        prepare(options)
        if not options.check:
            os.execvp(command[0], command)  # noqa: S606 (the whole purpose; no shell)
    except OSError as error:
        sys.exit(f"Cannot start {' '.join(command[:1])}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
