"""A publisher that says what the broker answered: MQTT 5 over a bare socket, one call at a time."""

import socket
import struct

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x32, 0x40, 0x82, 0x90
OK, NO_SUBSCRIBERS, NOT_AUTHORISED = 0x00, 0x10, 0x87


def _text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


class Client:
    """`connected` is the reason code of the CONNACK; after a refusal nothing else works."""

    def __init__(self, port, login=None, password=""):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.packets = 0
        flags, credentials = 0x02, ""
        if login is not None:
            flags, credentials = 0xC2, (login, password)
        body = _text("MQTT") + bytes([5, flags, 0, 0, 0]) + _text("")
        self._send(CONNECT, body + b"".join(_text(one) for one in credentials))
        self.connected = self._answer(CONNACK)[1]

    def publish(self, topic, payload):
        """The reason code of the PUBACK."""
        self.packets += 1
        self._send(PUBLISH, _text(topic) + struct.pack(">HB", self.packets, 0) + payload.encode())
        answer = self._answer(PUBACK)
        return answer[2] if len(answer) > 2 else OK

    def subscribe(self, topic):
        """The reason code of the SUBACK."""
        self.packets += 1
        self._send(SUBSCRIBE, struct.pack(">HB", self.packets, 0) + _text(topic) + b"\x01")
        return self._answer(SUBACK)[-1]

    def close(self):
        self.socket.close()

    def _send(self, kind, body):
        length, rest = b"", len(body)
        while rest > 127:
            length += bytes([rest & 127 | 128])
            rest >>= 7
        self.socket.sendall(bytes([kind]) + length + bytes([rest]) + body)

    def _take(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("the broker closed the connection")
            data += more
        return data

    def _answer(self, kind):
        while True:
            got = self._take(1)[0]
            size, shift = 0, 0
            while True:
                byte = self._take(1)[0]
                size |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            body = self._take(size)
            if got & 0xF0 == kind & 0xF0:
                return body
