"""Opens connections of every kind."""

import socket

escaped = []
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_PACKET):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(family, kind)
            escaped.append((family, kind))
        except OSError:
            pass
attempts = {
    "pair": socket.socketpair,
    "connect": lambda: socket.create_connection(("127.0.0.1", 22), timeout=1),
    "name": lambda: socket.getaddrinfo("localhost", 80),
}
for name, attempt in attempts.items():
    try:
        attempt()
        escaped.append(name)
    except OSError:
        pass
