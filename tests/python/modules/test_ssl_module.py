"""ssl against OpenSSL's own tools, with certificates that are good, expired, for another host or signed by nobody known."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

OPENSSL = shutil.which("openssl")


def openssl(*arguments, **options):
    return subprocess.run([OPENSSL, *arguments], check=True, capture_output=True, **options)


class Authority:
    """A certificate authority in a folder of its own, and what it signs."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "ca.pem")
        # A configuration of our own: what the system's adds to certificates differs.
        with open(self.file("ca.cnf"), "w") as f:
            f.write("[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
                    "subjectKeyIdentifier=hash\n")
        openssl("req", "-config", self.file("ca.cnf"), "-x509", "-extensions", "ca", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                "-subj", "/CN=Test CA", "-keyout", self.file("ca.key"), "-out", self.path)

    def file(self, name):
        return os.path.join(self.folder, name)

    def sign(self, name, host, *, expired=False):
        """A file with a certificate for `host` and its key."""
        key, request, extensions, out = (self.file(name + end) for end in (".key", ".csr", ".ext", ".pem"))
        openssl("req", "-config", self.file("ca.cnf"), "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + host, "-keyout", key, "-out", request)
        with open(extensions, "w") as f:
            f.write(f"subjectAltName=DNS:{host},IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n" if host != "elsewhere.example"
                    else f"subjectAltName=DNS:{host}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
        if expired:
            # x509 -req knows no dates in the past other than by days.
            openssl("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self.file("ca.key"), "-CAcreateserial", "-days", "-1",
                    "-extfile", extensions, "-out", out)
        else:
            openssl("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self.file("ca.key"), "-CAcreateserial", "-days", "20",
                    "-extfile", extensions, "-out", out)
        with open(out, "a") as f, open(key) as k:
            f.write(k.read())
        return out


@unittest.skipIf(OPENSSL is None, "the openssl program makes the certificates")
class WithAuthority(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.authority = Authority(cls.folder)
        cls.good = cls.authority.sign("good", "localhost")

    def client_context(self):
        context = ssl.create_default_context(cafile=self.authority.path)
        return context

    def server_context(self, certificate=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate or self.good)
        return context

    def serve(self, context, handle):
        """A server for one connection in a thread; its address."""
        listening = socket.create_server(("127.0.0.1", 0))
        listening.settimeout(20)

        def run():
            with listening:
                connection, _ = listening.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as s:
                    handle(s)
            except OSError:
                pass  # the client has refused the certificate
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 20)
        return listening.getsockname()

    def connect(self, address, context=None, host="localhost"):
        return (context or self.client_context()).wrap_socket(socket.create_connection(address, timeout=20), server_hostname=host)


class Certificates(WithAuthority):
    def refuse(self, certificate, host, context=None):
        address = self.serve(self.server_context(certificate), lambda s: s.recv(1))
        with self.assertRaises(ssl.SSLCertVerificationError) as caught:
            self.connect(address, context, host)
        self.assertEqual(caught.exception.reason, "CERTIFICATE_VERIFY_FAILED")
        self.assertEqual(caught.exception.library, "SSL")
        return caught.exception

    def test_good(self):
        address = self.serve(self.server_context(), lambda s: s.sendall(s.recv(100).upper()))
        with self.connect(address) as s:
            self.assertEqual(s.version(), "TLSv1.3")
            self.assertIn(("DNS", "localhost"), s.getpeercert()["subjectAltName"])
            self.assertEqual(s.getpeercert()["issuer"], ((("commonName", "Test CA"),),))
            s.sendall(b"hello")
            self.assertEqual(s.recv(100), b"HELLO")
            self.assertEqual(s.recv(100), b"")

    def test_by_address(self):
        address = self.serve(self.server_context(), lambda s: s.sendall(b"x"))
        with self.connect(address, host="127.0.0.1") as s:
            self.assertEqual(s.recv(1), b"x")

    def test_expired(self):
        error = self.refuse(self.authority.sign("expired", "localhost", expired=True), "localhost")
        self.assertEqual(error.verify_code, 10)
        self.assertEqual(error.verify_message, "certificate has expired")
        self.assertRegex(str(error), r"^\[SSL: CERTIFICATE_VERIFY_FAILED\] certificate verify failed: certificate has expired \(_ssl\.c:\d+\)$")

    def test_wrong_host(self):
        other = self.authority.sign("other", "elsewhere.example")
        error = self.refuse(other, "localhost")
        self.assertEqual(error.verify_message, "Hostname mismatch, certificate is not valid for 'localhost'.")
        error = self.refuse(other, "127.0.0.1")
        self.assertEqual(error.verify_message, "IP address mismatch, certificate is not valid for '127.0.0.1'.")

    def test_unknown_authority(self):
        error = self.refuse(self.good, "localhost", ssl.create_default_context())
        self.assertIn(error.verify_message, ("unable to get local issuer certificate", "unable to verify the first certificate"))

    def test_client_certificates(self):
        context = self.server_context()
        context.load_verify_locations(self.authority.path)
        context.verify_mode = ssl.CERT_REQUIRED
        address = self.serve(context, lambda s: s.sendall(repr(s.getpeercert()["subject"]).encode()))
        mine = self.client_context()
        mine.load_cert_chain(self.authority.sign("client", "client.example"))
        with self.connect(address, mine) as s:
            self.assertEqual(s.recv(1000), b"((('commonName', 'client.example'),),)")


class Tools(WithAuthority):
    def connected_to_s_server(self, certificate, *options):
        """A socket that is connected to the tool, which presents the certificate and reverses lines."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen([OPENSSL, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate, "-key", certificate, "-rev", "-quiet",
                                   *options], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        for _ in range(200):
            try:
                raw = socket.create_connection(("127.0.0.1", port), timeout=20)
                self.addCleanup(raw.close)
                return raw
            except ConnectionRefusedError:
                time.sleep(0.05)
        self.fail("s_server does not listen")

    def test_client_of_s_server(self):
        raw = self.connected_to_s_server(self.good)
        with self.client_context().wrap_socket(raw, server_hostname="localhost") as s:
            s.sendall(b"drawer\n")
            self.assertEqual(s.recv(100), b"reward\n")

    def test_client_of_an_older_s_server(self):
        raw = self.connected_to_s_server(self.good, "-tls1_2")
        with self.client_context().wrap_socket(raw, server_hostname="localhost") as s:
            self.assertEqual(s.version(), "TLSv1.2")
            s.sendall(b"drawer\n")
            self.assertEqual(s.recv(100), b"reward\n")

    def test_bad_certificates_of_s_server(self):
        for certificate, host, context, message in (
                (self.authority.sign("old", "localhost", expired=True), "localhost", self.client_context(), "certificate has expired"),
                (self.authority.sign("far", "elsewhere.example"), "localhost", self.client_context(), "Hostname mismatch, certificate is not valid for 'localhost'."),
                (self.good, "localhost", ssl.create_default_context(), "unable to (get local issuer certificate|verify the first certificate)")):
            with self.subTest(message):
                raw = self.connected_to_s_server(certificate)
                with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                    context.wrap_socket(raw, server_hostname=host)
                self.assertRegex(caught.exception.verify_message, "^" + message)

    def s_client(self, address, *options):
        return subprocess.run([OPENSSL, "s_client", "-connect", "127.0.0.1:%d" % address[1], "-verify_return_error", "-verify_hostname", "localhost",
                               "-quiet", *options], input=b"question\n", capture_output=True, timeout=20)

    def test_bad_certificates_for_s_client(self):
        """The tool refuses them, and the server is told why."""
        for certificate, options, said, told in (
                (self.authority.sign("past", "localhost", expired=True), ("-CAfile", self.authority.path), b"certificate has expired", "CERTIFICATE_EXPIRED"),
                (self.authority.sign("away", "elsewhere.example"), ("-CAfile", self.authority.path), b"[Hh]ostname mismatch", "BAD_CERTIFICATE"),
                (self.good, ("-no-CAfile", "-no-CApath", "-no-CAstore"), b"unable to get local issuer|verify the first|self-signed", "UNKNOWN_CA")):
            with self.subTest(told):
                errors = []

                listening = socket.create_server(("127.0.0.1", 0))
                listening.settimeout(20)

                def run(listening=listening, certificate=certificate):
                    with listening:
                        connection, _ = listening.accept()
                    try:
                        with self.server_context(certificate).wrap_socket(connection, server_side=True) as s:
                            s.recv(100)
                    except ssl.SSLError as error:
                        errors.append(error.reason)
                thread = threading.Thread(target=run)
                thread.start()
                client = self.s_client(listening.getsockname(), *options)
                thread.join(20)
                self.assertNotEqual(client.returncode, 0)
                self.assertRegex(client.stderr, said)
                self.assertRegex(errors[0], told)

    def test_server_of_s_client(self):
        got = []
        address = self.serve(self.server_context(), lambda s: (got.append(s.recv(100)), s.sendall(b"answer\n")))
        client = subprocess.run([OPENSSL, "s_client", "-connect", "127.0.0.1:%d" % address[1], "-CAfile", self.authority.path,
                                 "-verify_return_error", "-verify_hostname", "localhost", "-quiet"],
                                input=b"question\n", capture_output=True, timeout=20)
        self.assertEqual(got, [b"question\n"])
        self.assertIn(b"answer\n", client.stdout)


class Threads(WithAuthority):
    def test_sending_while_another_thread_receives(self):
        """A thread that waits in recv() holds up no other thread that sends."""
        address = self.serve(self.server_context(), lambda s: [s.sendall(s.recv(100)) for _ in range(50)])
        with self.connect(address) as s:
            got = []

            def receive():
                while sum(map(len, got)) < 500:
                    got.append(s.recv(100))
            thread = threading.Thread(target=receive)
            thread.start()
            for i in range(50):
                s.sendall(b"%010d" % i)
                time.sleep(0.001)
            thread.join(20)
            self.assertEqual(b"".join(got), b"".join(b"%010d" % i for i in range(50)))

    @unittest.skipIf(sys.implementation.name == "cpython", "CPython leaves it to the program to let one thread write at a time")
    def test_large_writes_of_several_threads(self):
        """Writes that have to wait are not mixed up with those of other threads."""
        total = 4 * 3 * 1_000_000

        def count(s):
            got = {}
            while sum(got.values()) < total and (data := s.recv(65536)):
                for byte in set(data):
                    got[byte] = got.get(byte, 0) + data.count(byte)
            s.sendall(repr(sorted(got.items())).encode())
        address = self.serve(self.server_context(), count)
        with self.connect(address) as s:
            s.settimeout(None)
            threads = [threading.Thread(target=lambda k=k: [s.sendall(bytes([k]) * 1_000_000) for _ in range(3)]) for k in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(s.recv(1000), repr([(k, 3_000_000) for k in range(4)]).encode())

    def test_contexts_change_while_connections_are_made(self):
        """Whatever is set on a context while others use it: connections work or fail with an exception."""
        server, client = self.server_context(), self.client_context()
        seen = []
        server.sni_callback = lambda s, name, context: seen.append(name)
        stop = threading.Event()

        def change():
            while not stop.is_set():
                for context in (server, client):
                    context.set_alpn_protocols(["a", "b"])
                    context.options |= ssl.OP_NO_TICKET
                    context.set_ciphers("ECDHE+AESGCM")
                    context.get_ciphers()
                    context.cert_store_stats()
                client.load_verify_locations(self.authority.path)
                server.load_cert_chain(self.good)

        def connect():
            for _ in range(10):
                c_in, c_out, s_in, s_out = (ssl.MemoryBIO() for _ in range(4))
                c = client.wrap_bio(c_in, c_out, server_hostname="localhost")
                s = server.wrap_bio(s_in, s_out, server_side=True)
                done = set()
                for _ in range(20):
                    for side, bio_in, bio_out in ((c, s_in, c_out), (s, c_in, s_out)):
                        try:
                            side.do_handshake()
                            done.add(side)
                        except ssl.SSLWantReadError:
                            pass
                        bio_in.write(bio_out.read())
                self.assertEqual(len(done), 2)
                c.write(b"x" * 1000)
                s_in.write(c_out.read())
                self.assertEqual(len(s.read(1000)), 1000)
        errors = []

        def checked(function):
            try:
                function()
            except BaseException as e:
                errors.append(e)
        changer = threading.Thread(target=checked, args=(change,))
        threads = [threading.Thread(target=checked, args=(connect,)) for _ in range(4)]
        for thread in (changer, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        changer.join()
        self.assertEqual(errors, [])
        self.assertEqual(seen, ["localhost"] * 40)

    def test_one_connection_for_many_threads(self):
        c_in, c_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        c = self.client_context().wrap_bio(c_in, c_out, server_hostname="localhost")

        def use():
            for _ in range(200):
                try:
                    c.do_handshake()
                except ssl.SSLError:
                    pass
                try:
                    c.session
                except ValueError:
                    pass  # there is none to be copied yet
                c.cipher(), c.version(), c.pending()
                c_out.read(7)
                c_in.write(os.urandom(3))
        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Callbacks(WithAuthority):
    def test_sni_changes_the_context(self):
        other = self.server_context(self.authority.sign("virtual", "virtual.example"))
        context = self.server_context()
        seen = []

        def choose(s, name, original):
            seen.append((name, original is context, isinstance(s, ssl.SSLSocket)))
            s.context = other
        context.sni_callback = choose
        address = self.serve(context, lambda s: s.sendall(b"x"))
        with self.connect(address, host="virtual.example") as s:
            self.assertEqual(s.recv(1), b"x")
            self.assertIn(("DNS", "virtual.example"), s.getpeercert()["subjectAltName"])
        self.assertEqual(seen, [("virtual.example", True, True)])

    def test_application_protocols(self):
        context = self.server_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        address = self.serve(context, lambda s: s.sendall(s.selected_alpn_protocol().encode()))
        mine = self.client_context()
        mine.set_alpn_protocols(["spdy", "http/1.1"])
        with self.connect(address, mine) as s:
            self.assertEqual(s.selected_alpn_protocol(), "http/1.1")
            self.assertEqual(s.recv(100), b"http/1.1")

    def test_password_callbacks(self):
        protected = os.path.join(self.folder, "protected.key")
        openssl("rsa", "-aes128", "-passout", "pass:secret", "-in", self.good, "-out", protected)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.good, protected, password=lambda: "secret")
        context.load_cert_chain(self.good, protected, password=bytearray(b"secret"))
        with self.assertRaises(ssl.SSLError):
            context.load_cert_chain(self.good, protected, password="wrong")
        with self.assertRaisesRegex(ZeroDivisionError, "division"):
            context.load_cert_chain(self.good, protected, password=lambda: 1 / 0)
        with self.assertRaisesRegex(TypeError, "must return a string"):
            context.load_cert_chain(self.good, protected, password=lambda: 5)


if __name__ == "__main__":
    unittest.main()
