"""A proxy between a client and the emulator."""

from __future__ import annotations

import socket
import threading

__all__ = ["Proxy"]


class Proxy:
    """A proxy with CONNECT only, which records the requested hosts.

    :param connects: whether it connects to them, or closes the connection.
    """

    def __init__(self, *, connects: bool = True) -> None:
        self.asked: list[str] = []
        self._connects = connects
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        target = head.split()[1].decode()
        self.asked.append(target)
        if not self._connects:
            client.close()
            return
        host, port = target.rsplit(":", 1)
        server = socket.create_connection((host, int(port)), 10)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=pump, args=(server, client), daemon=True).start()
        pump(client, server)


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        source.close()
        sink.close()
