# SPDX-License-Identifier: BSD-2-Clause
"""The scripts of the manual, as they stand there, against a broker, a mailer and two chats that
are programs and servers of the test."""
import http.server
import re
import secrets
import threading
import urllib.parse

from harness import *

MAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../cli/man")


def unroff(text):
    for escape, character in (("\\e", "\0"), ("\\-", "-"), ("\\(dq", '"'), ("\\&", "")):
        text = text.replace(escape, character)
    if "\\" in text:
        raise AssertionError(f"an escape that is not known here: {text}")
    return text.replace("\0", "\\")


def page(name):
    with open(os.path.join(MAN, name), encoding="utf-8") as f:
        return f.read()


def scripts(name):
    """Every block of the page that is a script."""
    return [unroff(block) for block in re.findall(r"^\.Bd .*\n(#!(?:.*\n)*?)\.Ed$", page(name), re.M)]


class Served(Case):
    """A server on this machine: what it was asked is in requests; answer() gives (status, JSON)."""

    def setUp(self):
        super().setUp()
        self.requests, case = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                case.requests.append((self.command, self.path, dict(self.headers), body))
                status, value = case.answer(self.command, self.path, self.headers, body)
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = do

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.plugged = self.token()

    def answer(self, method, path, headers, body):
        return 200, {}

    def touched(self, *args, **kwargs):
        return self.home.run("--device", self.plugged.path, *args, **kwargs)

    def write(self, path, text, mode=0o700):
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path


class Driver(Served):
    """A key's secret is what asks; its id is what it is called by."""

    def setUp(self):
        super().setUp()
        self.keys = {"first": ("FIRST-SECRET", "by hand")}
        text, = scripts("touchvault-driver.7")
        self.assertEqual(text.count("https://api.broker.example"), 1)
        self.driver = self.write(os.path.join(self.dir, "driver"), text.replace("https://api.broker.example", self.url))
        self.new_vault(self.plugged)
        self.add(self.plugged, "sim", {"key": "FIRST-SECRET", "id": "first", "account": "U123"})

    def answer(self, method, path, headers, body):
        if headers.get("Authorization") not in ["Bearer " + secret for secret, _ in self.keys.values()]:
            return 401, {"error": "no such key"}
        if (method, path) == ("GET", "/keys"):
            return 200, [{"id": k, "name": name} for k, (_, name) in self.keys.items()]
        if (method, path) == ("POST", "/keys"):
            key = secrets.token_hex(8)
            self.keys[key] = (secrets.token_hex(20), urllib.parse.parse_qs(body)["name"][0])
            return 201, {"id": key, "secret": self.keys[key][0]}
        if method == "DELETE" and self.keys.pop(path.removeprefix("/keys/"), None):
            return 200, {"deleted": True}
        return 404, {"error": "nothing here"}

    def rotate(self, driver=None):
        return self.touched("rotate", "sim", "--driver", driver or self.driver)

    def held(self):
        return json.loads(self.ok(self.touched("get", "sim", "--json")).out)

    def is_the_only_one(self):
        held = self.held()
        self.assertEqual({k: secret for k, (secret, _) in self.keys.items()}, {held["id"]: held["key"]})
        self.assertEqual(held["account"], "U123")

    def end_grace(self):
        self.ok(self.touched("schedule", "sim", "--grace", "0d"))

    def test_all_the_way(self):
        self.ok(self.rotate())
        self.assertEqual(len(self.keys), 2)
        self.end_grace()
        self.ok(self.rotate())
        self.is_the_only_one()
        self.ok(self.rotate())
        self.is_the_only_one()

    def test_a_try_that_was_lost(self):
        """As the page asks: the key that nobody has is deleted before another is made."""
        lost = self.write(os.path.join(self.dir, "lost"), f'#!/bin/sh\n{self.driver} "$@"; kill -9 $PPID\n')
        self.end_grace()
        for _ in range(2):
            self.assertEqual(self.rotate(lost).status, -signal.SIGKILL)
            self.assertEqual(len(self.keys), 2)
        self.ok(self.rotate())
        self.is_the_only_one()

    def test_what_is_gone_already(self):
        self.ok(self.rotate())
        del self.keys["first"]
        self.end_grace()
        self.ok(self.rotate())
        self.is_the_only_one()

    def test_what_fails(self):
        """The broker says no to each of its requests: so does the driver, and nothing is printed for it."""
        self.end_grace()
        real = self.answer
        for nth in range(1, 9):
            count = [0]

            def answer(*args):
                count[0] += 1
                return (500, {"error": "later"}) if count[0] == nth else real(*args)

            self.answer = answer
            result = self.rotate()
            if count[0] < nth:
                self.ok(result)
                break
            self.assertEqual(result.status, 1, result)
            self.answer = real
            self.ok(self.rotate())
            self.is_the_only_one()
        self.assertGreater(nth, 5)

    def test_an_entry_that_lacks_what_it_needs(self):
        """Nothing is ended for it, and it isn't said to be."""
        self.keys["second"] = ("SECOND-SECRET", "by hand")
        self.add(self.plugged, "bare", {"key": "FIRST-SECRET"})
        self.ok(self.touched("rotate", "bare", "--stage", "--field", "key=-", stdin=b"SECOND-SECRET"))
        self.ok(self.touched("rotate", "bare", "--promote"))
        self.ok(self.touched("schedule", "bare", "--grace", "0d"))
        self.refused(self.touched("rotate", "bare", "--driver", self.driver), 1, "ended revoke with")


class Hooks(Served):
    def setUp(self):
        super().setUp()
        self.home.set_clock("2027-01-31 09:30:00")
        self.home.env["XDG_RUNTIME_DIR"] = "/nonexistent"  # no desktop
        self.new_vault(self.plugged)
        self.add(self.plugged, "ibkr/live", {"key": "SECRET-CANARY"})
        self.add(self.plugged, "kraken", {"key": "SECRET-CANARY"})
        self.ok(self.touched("schedule", "kraken", "--grace", "90d"))
        self.home.set_clock("2027-06-01 10:00:00")
        self.ok(self.touched("log", "verify"))  # so that this host has opened it lately
        self.mail, self.telegram, self.slack = scripts("touchvault.1")

    def told(self, text):
        hook = self.write(os.path.join(self.home.dir, ".config/touchvault/hooks.d/hook"), text)
        self.ok(self.home.run("reminders", "run"))
        self.ok(self.home.run("reminders", "test"))
        last = json.loads(self.ok(self.home.run("reminders", "status", "--json")).out)["last"]
        self.assertEqual([(c["channel"], c["arrived"]) for c in last["channels"] if "hook" in c["channel"]], [("hook hook", True)])
        os.unlink(hook)

    def curl(self, name, words):
        """The file that the page has curl read, with the server of the test in it."""
        line = re.search(r"url = .*?" + re.escape(words) + r".*?\\\(dq", page("touchvault.1"))
        text = unroff(line[0]) if line else f'url = "https://{words}"'
        self.assertIn("https://" + words, text)
        self.write(os.path.join(self.home.dir, ".config", name), text.replace("https://" + words.split("/")[0], self.url) + "\n")

    def test_mail(self):
        sent = os.path.join(self.dir, "sent")
        mailer = self.write(os.path.join(self.dir, "sendmail"), f'#!/bin/sh\necho "args: $*" >>{sent}\ncat >>{sent}\n')
        self.assertEqual(self.mail.count("/usr/sbin/sendmail"), 1)
        self.told(self.mail.replace("/usr/sbin/sendmail", mailer))
        with open(sent, encoding="utf-8") as f:
            mails = f.read().split("args: ")[1:]
        self.assertEqual(mails[0], "-t\nTo: me@example.org\nSubject: keys to rotate\n\noverdue: ibkr/live\ndue: kraken\n")
        self.assertRegex(mails[1], r"\A-t\nTo: (?:.*\n)*\n.+")

    def test_telegram(self):
        self.curl("telegram.curl", "api.telegram.org/botTOKEN/sendMessage")
        self.told(self.telegram)
        method, path, _, body = self.requests[0]
        self.assertEqual((method, path), ("POST", "/botTOKEN/sendMessage"))
        self.assertEqual(urllib.parse.parse_qs(body), {"chat_id": ["12345"], "text": ["overdue: ibkr/live\ndue: kraken\n"]})
        self.assertEqual(len(self.requests), 2)

    def test_slack(self):
        self.curl("slack.curl", "hooks.slack.example/services/T/B/X")
        self.told(self.slack)
        method, path, headers, body = self.requests[0]
        self.assertEqual((method, path, headers["Content-Type"]), ("POST", "/services/T/B/X", "application/json"))
        self.assertEqual(json.loads(body), {"text": "overdue: ibkr/live\ndue: kraken"})
        self.assertEqual(len(self.requests), 2)

    def test_one_that_does_not_arrive(self):
        """A chat that says no: the example ends with a failure, which is told."""
        self.answer = lambda *args: (500, {})
        self.curl("slack.curl", "hooks.slack.example/services/T/B/X")
        self.write(os.path.join(self.home.dir, ".config/touchvault/hooks.d/hook"), self.slack)
        self.assertEqual(self.home.run("reminders", "run").status, 1)


if __name__ == "__main__":
    unittest.main()
