"""A web server on localhost that misbehaves on purpose; it prints its port and serves ROOT.

The first part of a path chooses how: /ok/ serves faithfully, /drop/ ends each connection after
a third of the file, /norange/ drops once and then refuses to resume, /truncated/ serves only half
and claims that it is all, /corrupt/ flips a byte, /html/ answers every request with a page,
/missing/ has no file.
Each request is appended to LOG as `<mode> <path> <first byte asked for>`."""

import http.server
import pathlib
import sys

ROOT = pathlib.Path(sys.argv[1])
LOG = pathlib.Path(sys.argv[2])
dropped = set()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        mode, _, name = self.path.lstrip("/").partition("/")
        asked = self.headers.get("Range", "bytes=0-")
        start = int(asked.removeprefix("bytes=").split("-")[0])
        with LOG.open("a") as log:
            log.write(f"{mode} {name} {start}\n")
        file = ROOT / name
        if mode == "html":
            return self.reply(200, b"<html>welcome to this hotel's network</html>")
        if mode == "missing" or not file.is_file():
            return self.send_error(404)
        body = file.read_bytes()
        if mode == "truncated":
            body = body[: len(body) // 2]
        if mode == "corrupt":
            body = body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]
        if mode == "norange":
            start = 0
        if start >= len(body):
            return self.send_error(416)
        send = len(body) - start
        if mode == "drop" or (mode == "norange" and name not in dropped):
            dropped.add(name)
            send = min(send, len(body) // 3 + 1)
        if start:
            self.reply(206, body[start:], send, f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.reply(200, body, send)

    def reply(self, code, body, send=None, content_range=None):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(body if send is None else body[:send])
        self.close_connection = True


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
