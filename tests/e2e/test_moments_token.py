# SPDX-License-Identifier: BSD-2-Clause
"""A token that can't do it, is broken, or lies."""
from moments import *


class Token(Moments):
    noun = "The token itself"


class Lies(Token):
    FAULTS = {
        "short-secret": "success, and a secret of 16 bytes",
        "no-secret": "success, and no secret",
        "unstable-secret": "another secret than when it was enrolled",
        "bad-signature": "signature of something else",
        "other-key": "signature by another key",
        "wrong-credential": "answers for a credential that was not asked for",
    }

    def test_lies(self):
        t = self.enrolled()
        for fault, title in self.FAULTS.items():
            t.control(f"fault {fault}")
            self.moment(title, self.get(t), 11 if fault == "unstable-secret" else 17)
            t.control("fault none")
            self.again(t)


class Broken(Token):
    FAULTS = {
        "garbage": "a reply of garbage",
        "wrong-sequence": "a reply with its parts out of order",
        "error:0x7f": "an error that means nothing",
    }

    def test_broken(self):
        t = self.enrolled()
        for fault, title in self.FAULTS.items():
            t.control(f"fault {fault}")
            self.moment(title, self.get(t), 17)
            t.control("fault none")
            self.again(t)

    def test_slow(self):
        t = self.enrolled()
        t.control("fault slow:150")
        self.moment("a token that takes 150 ms for each report", self.opened(self.get(t)), 0, "works")


class Unfit(Token):
    def unfit(self, title, **options):
        t = self.token(title.replace(" ", "-"), **options)
        self.moment(title, self.home.run("--device", t.path, "init"), 17)

    def test_unfit(self):
        self.unfit("init with a key for U2F only", u2f_only=True)
        self.unfit("init with a token that lacks hmac-secret", no_hmac_secret=True)
        self.unfit("init with a token whose secret is never the same", fault="unstable-secret")
        self.unfit("init with a token that signs wrongly", fault="bad-signature")

    def test_lost_its_hmac_secret(self):
        t = self.enrolled()
        self.moment("a token that lacks hmac-secret", self.get(self.changed(t, no_hmac_secret=True)), 17)


class Fit(Token):
    def fit(self, title, **options):
        home = Home(os.path.join(self.dir, title.replace(" ", "-")))
        result = self.opened(self.get(self.enrolled(title.replace(" ", "-") + ".token", home, **options), home))
        self.moment(title, result, 0, "works", home)

    def test_one_salt(self):
        self.fit("a token that takes one salt only", one_salt=True)

    def test_credential_ids(self):
        for length in (16, 17, 255, 256, 1023):
            self.fit(f"a token with credential ids of {length} bytes", cred_len=length)


if __name__ == "__main__":
    unittest.main()
