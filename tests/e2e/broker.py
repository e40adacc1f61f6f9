# SPDX-License-Identifier: BSD-2-Clause
"""A broker in software: keys are made, listed and deleted over HTTP, by whoever has one that
works. A fault makes the next request of that kind fail, before it is done or after."""
import http.server
import json
import secrets
import threading


class Broker:
    def __init__(self):
        self.keys = {}  # id to (secret, name)
        self.fault = None  # (method, "before" or "after")
        self.requests = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def make(self, name):
        key = "K" + secrets.token_hex(8)
        self.keys[key] = (secrets.token_hex(20), name)
        return {"key": key, "secret": self.keys[key][0]}

    def do(self, method, path, body):
        if method == "POST":
            return 201, self.make(body["name"])
        if method == "GET":
            return 200, [{"key": k, "name": name} for k, (_, name) in self.keys.items()]
        return (200, {}) if self.keys.pop(path.strip("/"), None) else (404, {})

    def handler(broker):
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length) or b"{}")
                key, _, secret = self.headers.get("Authorization", ":").partition(":")
                fault = broker.fault if broker.fault and broker.fault[0] == self.command else None
                broker.requests.append(self.command)
                status, result = 500, {"error": "try later"}
                if broker.keys.get(key, (None,))[0] != secret:
                    status, result = 401, {"error": "no such key"}
                elif not (fault and fault[1] == "before"):
                    status, result = broker.do(self.command, self.path, body)
                if fault:
                    broker.fault = None
                    status, result = 500, {"error": "try later"}
                data = json.dumps(result).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *args):
                pass

        return Handler
