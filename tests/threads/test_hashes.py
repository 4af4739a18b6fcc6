"""Hash and HMAC objects that several threads feed, copy and read.

Race: update, copy, digest on one object; constructors and key derivation beside them.
Legal outcomes: no update is lost or torn, so that the digest of equal pieces in any order comes out; every copy has a
digest that some number of pieces has.
"""

import _hmac
import hashlib
import hmac
import unittest

from support import THREADS, race, scaled

N = scaled(50)
PIECE = b"x" * 5000  # hashed without the GIL


class Hashes(unittest.TestCase):
    MAKERS = (hashlib.md5, hashlib.sha256, hashlib.sha3_512, hashlib.blake2b, lambda: hmac.new(b"key", b"", "sha256"),
              lambda: _hmac.new(b"key", b"", "sha1"), lambda: hashlib.new("sha512_256"))

    def test_updates(self):
        for make in self.MAKERS:
            shared, reference = make(), make()
            legal = [reference.digest()]
            for _ in range(N * THREADS):
                reference.update(PIECE)
                legal.append(reference.digest())

            def feed():
                seen = []
                for _ in range(N):
                    shared.update(PIECE)
                    seen.append(shared.copy().digest())
                return seen
            for seen in race(*[feed] * THREADS):
                self.assertLessEqual(set(seen), set(legal))
            self.assertEqual(shared.digest(), legal[-1])

    def test_constructors(self):
        expected = hashlib.sha256(PIECE).hexdigest(), hashlib.pbkdf2_hmac("sha1", b"word", b"salt", 10)

        def make():
            return {(hashlib.sha256(PIECE).hexdigest(), hashlib.pbkdf2_hmac("sha1", b"word", b"salt", 10)) for _ in range(N)}
        for result in race(*[make] * THREADS):
            self.assertEqual(result, {expected})


if __name__ == "__main__":
    unittest.main()
