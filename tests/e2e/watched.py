"""A story, watched for whatever reaches for a network: `python -m tests.e2e.watched STORY FOLDER`.

Python's own sockets are seen by an audit hook in the process; those of libraries by strace around it (test_launch.py).
"""

from __future__ import annotations

import socket
import sys

NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
SOCKETS = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
LOCAL = {getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK") if hasattr(socket, name)}
REACH_OUT = "reach out"

attempts: list[str] = []


def watch(event: str, arguments: tuple) -> None:
    if event in NAMES or (event in SOCKETS and arguments[0].family not in LOCAL):
        attempts.append(f"{event} {arguments[1:]}")


def main(name: str, folder: str) -> int:
    sys.addaudithook(watch)
    if name == REACH_OUT:  # what the watching is tried on
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect_ex(("127.0.0.1", 9))
        code = 0
    else:
        from tests.e2e.stories import main as tell

        code = tell(name, folder)
    print(*attempts, sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
