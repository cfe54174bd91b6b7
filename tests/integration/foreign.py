"""A client and a server that are not ours: Python's gRPC over the published .proto files."""

import base64
import concurrent.futures
import hashlib
import importlib
import pathlib
import socket
import ssl
import subprocess
import sys

import grpc

from replay.processes import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICE = "/commons.v1.Federation/"


def messages(folder):
    """The modules (federation, query) that protoc makes of proto/commons/v1."""
    subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={folder}",
                    "commons/v1/federation.proto", "commons/v1/query.proto"], check=True)
    sys.path.insert(0, str(folder))
    return (importlib.import_module("commons.v1.federation_pb2"),
            importlib.import_module("commons.v1.query_pb2"))


def certificate_of(address, keys):
    """(PEM, pin) of the certificate that a gateway shows to whoever has `keys`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(keys / "tls.crt", keys / "tls.key")
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as plain, \
            context.wrap_socket(plain) as secured:
        pem = ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True))
    return pem.encode(), pin_of(pem.encode())


def pin_of(pem):
    """sha256:<hex> of a certificate's SubjectPublicKeyInfo, by openssl."""
    key = subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=pem, check=True,
                         capture_output=True).stdout
    der = base64.b64decode(b"".join(key.splitlines()[1:-1]))
    return "sha256:" + hashlib.sha256(der).hexdigest()


class Client:
    """Calls of one gateway, with the keys in a party's folder."""

    def __init__(self, address, keys, federation):
        self.federation = federation
        pem, self.pin = certificate_of(address, keys)
        # The one certificate it trusts is the pinned one; its name says nothing.
        self._channel = grpc.secure_channel(
            address, grpc.ssl_channel_credentials(pem, (keys / "tls.key").read_bytes(),
                                                  (keys / "tls.crt").read_bytes()),
            options=[("grpc.ssl_target_name_override", "commons")])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._channel.close()

    def _unary(self, method, request, reply):
        call = self._channel.unary_unary(SERVICE + method,
                                         request_serializer=type(request).SerializeToString,
                                         response_deserializer=reply.FromString)
        return call(request, timeout=20)

    def describe(self):
        return self._unary("Describe", self.federation.DescribeRequest(),
                           self.federation.DescribeReply)

    def catalog(self):
        return self._unary("Catalog", self.federation.CatalogRequest(),
                           self.federation.CatalogReply)

    def query(self, envelope, hops=3, visited=()):
        call = self._channel.unary_stream(
            SERVICE + "Query",
            request_serializer=self.federation.QueryRequest.SerializeToString,
            response_deserializer=self.federation.QueryReply.FromString)
        return list(call(self.federation.QueryRequest(envelope=envelope, hops=hops,
                                                      visited=visited), timeout=20))


class Liar:
    """Stands where a gateway should: passes questions on to it and bends what comes back.

    `bend(replies)` returns the replies to give. Only `caller` may connect.
    """

    def __init__(self, keys, federation):
        self.keys, self.federation = keys, federation
        self.behind, self.bend = None, lambda replies: replies
        self.address = f"127.0.0.1:{free_port()}"
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))

    def listen(self, caller_pem):
        handler = grpc.method_handlers_generic_handler("commons.v1.Federation", {
            "Query": grpc.unary_stream_rpc_method_handler(
                self._query, self.federation.QueryRequest.FromString,
                self.federation.QueryReply.SerializeToString)})
        self._server.add_generic_rpc_handlers((handler,))
        credentials = grpc.ssl_server_credentials(
            [((self.keys / "tls.key").read_bytes(), (self.keys / "tls.crt").read_bytes())],
            root_certificates=caller_pem, require_client_auth=True)
        assert self._server.add_secure_port(self.address, credentials) != 0
        self._server.start()

    def _query(self, request, context):
        with Client(self.behind, self.keys, self.federation) as honest:
            replies = honest.query(request.envelope, request.hops, request.visited)
        yield from self.bend(replies)

    def stop(self):
        self._server.stop(0)
