"""Finding free ports, and asking a port whether what should listen there answers."""

import errno
import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port of the loopback address that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(host: str, port: int) -> bool:
    """Say whether a server could listen there now. Raises OSError when `host` is not ours."""
    with socket.socket() as probe:
        # As servers do it: a connection that has just ended does not block its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        return True


def greeting(port: int, *, seconds: float = 1.0) -> bytes:
    """Return the first bytes a local server sends of its own accord, b"" when there is none.

    NATS greets with `INFO {...}`, SMTP with `220 ...`; both only once they are ready to serve.
    """
    try:
        with socket.create_connection((LOOPBACK, port), timeout=seconds) as connection:
            return connection.recv(4096)
    except OSError:
        return b""


def http_status(host: str, port: int, path: str, *, seconds: float = 1.0) -> int | None:
    """Return the status of `GET path`, or None when nobody answers HTTP there within `seconds`.

    By hand: the standard library's client would triple the supervisor's memory.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.sendall(request.encode("ascii"))
            version, status, *_ = connection.recv(4096).split(None, 2)
            return int(status) if version.startswith(b"HTTP/") else None
    except (OSError, ValueError):
        return None
