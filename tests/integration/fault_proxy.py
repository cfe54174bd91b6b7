"""A TCP proxy on loopback that fails as networks do."""

import socket
import threading


class FaultProxy:
    """Passes bytes on to `target` ("host:port"). Fails for connections made after the call:

    cut_after(n)   closes both sides once n bytes came back from the target
    stall()        takes connections and passes nothing on
    heal()         passes everything on again
    drop()         closes every connection there is
    """

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self.target = None
        self.passed_back = 0  # bytes that came back since the last heal()
        self._limit, self._stalled = None, False
        self._lock, self._open = threading.Lock(), set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, bytes_back):
        self._limit, self._stalled = bytes_back, False

    def stall(self):
        self._stalled = True

    def heal(self):
        self._limit, self._stalled, self.passed_back = None, False, 0

    def drop(self):
        with self._lock:
            doomed, self._open = self._open, set()
        for end in doomed:
            self._close(end)

    def close(self):
        self._listener.close()
        self.drop()

    @staticmethod
    def _close(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(near)
            if self._stalled:
                continue
            host, port = self.target.rsplit(":", 1)
            try:
                far = socket.create_connection((host, int(port)))
            except OSError:
                self._close(near)
                continue
            with self._lock:
                self._open.add(far)
            for source, sink, limit in ((near, far, None), (far, near, self._limit)):
                threading.Thread(target=self._pump, args=(source, sink, limit, source is far),
                                 daemon=True).start()

    def _pump(self, source, sink, limit, back):
        passed = 0
        try:
            while data := source.recv(1024):
                if limit is not None:
                    data = data[:limit - passed]
                sink.sendall(data)
                passed += len(data)
                if back:
                    self.passed_back += len(data)
                if limit is not None and passed >= limit:
                    break
        except OSError:
            pass
        for end in (source, sink):
            self._close(end)
