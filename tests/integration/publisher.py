"""Publishes many messages fast: MQTT 3.1.1 at QoS 1 over one socket, without a library."""

import itertools
import socket

WINDOW = 900  # unacknowledged at a time; our broker allows 1000


def _length(size):
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (128 if size else 0))
        if not size:
            return bytes(out)


def _text(text):
    return len(text).to_bytes(2, "big") + text


class Publisher:
    def __init__(self, port, name):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = _text(b"MQTT") + bytes([4, 2]) + (0).to_bytes(2, "big") + _text(name.encode())
        self._socket.sendall(bytes([0x10]) + _length(len(body)) + body)
        assert self._read(4) == bytes([0x20, 2, 0, 0]), "the broker refused the publisher"
        self._ids = itertools.cycle(range(1, 65536))
        self._unacknowledged = 0

    def _read(self, size):
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            assert more, "the broker closed the publisher's connection"
            data += more
        return data

    def _await(self, most):
        while self._unacknowledged > most:
            # One PUBACK at least, and as many more as have to come; each has four bytes.
            data = self._read(4 * (self._unacknowledged - most))
            assert all(data[at] == 0x40 for at in range(0, len(data), 4))
            self._unacknowledged -= len(data) // 4

    def publish_all(self, messages):
        """Returns once the broker has every (topic, payload) of them."""
        messages = iter(messages)
        while True:
            batch = list(itertools.islice(messages, WINDOW // 2))
            if not batch:
                break
            self._await(WINDOW - len(batch))
            packets = bytearray()
            for topic, payload in batch:
                body = _text(topic) + next(self._ids).to_bytes(2, "big") + payload
                packets += b"\x32" + _length(len(body)) + body
            self._socket.sendall(packets)
            self._unacknowledged += len(batch)
        self._await(0)

    def close(self):
        self._socket.sendall(bytes([0xe0, 0]))
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
