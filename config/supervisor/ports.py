"""Whether a port can be listened on, asked before a web server fails on it."""

import errno
import socket

from .errors import SupervisorError


class PortTaken(SupervisorError):
    """Another program listens on the port, or we may not."""


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now. Raises: OSError for an address that is not ours, or a port not allowed."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        return client.connect_ex(address) != 0  # macOS lets two programs bind, one of them to every address


def require_port(host: str, port: int) -> None:
    """Raises: PortTaken, with a free port to use instead."""
    try:
        if port_is_free(host, port):
            return
    except OSError as error:
        raise PortTaken(
            f"Cannot listen on {host}:{port}: {error.strerror}. HOST must be an address of this machine, PORT one you may use"
        ) from error
    other = next((number for number in range(port + 1, 65536) if port_is_free(host, number)), 0)
    raise PortTaken(
        f"Port {port} is in use (another program listens on {host}:{port}). Stop it, or choose another: PORT={other}"
    )
