#!/usr/bin/env python3
"""get_test.py ORE: `ore data get` against a server on loopback that breaks off, redirects, forbids,
and stands for a hub. Nothing else is asked."""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ORE = str(Path(sys.argv[1]).resolve())
BODY = bytes(range(256)) * 4000  # 1 MB, of which every place can be told
SHA = hashlib.sha256(BODY).hexdigest()
asked = []  # (path, Range, Authorization) of each request


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    etag, cut_after = "one", None  # cut_after: bytes of a body, then the connection ends
    refusals = []  # statuses of the next answers, whatever is asked for
    shift = 0  # a wrong place for the rest of a file

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = Server.cut_after
        if cut is None:
            self.wfile.write(body)
        else:
            self.wfile.write(body[:cut])
            self.wfile.flush()
            self.close_connection = True

    def file(self, body, **headers):
        tag = f'"{Server.etag}"'
        wanted = self.headers.get("Range")
        if wanted and self.headers.get("If-Range") == tag:
            first = int(wanted.removeprefix("bytes=").rstrip("-")) + Server.shift
            Server.shift = 0
            if first >= len(body):
                self.answer(416, ETag=tag, Content_Range=f"bytes */{len(body)}")
            else:
                self.answer(206, body[first:], ETag=tag,
                            Content_Range=f"bytes {first}-{len(body) - 1}/{len(body)}", **headers)
        else:
            self.answer(200, body, ETag=tag, **headers)

    def do_GET(self):
        path = self.path
        asked.append((path, self.headers.get("Range"), self.headers.get("Authorization")))
        known = self.headers.get("Authorization") == "Bearer secret"
        if Server.refusals:
            self.answer(Server.refusals.pop(0), b"not now")
        elif path == "/careless":  # the rest of another file than the one that was begun
            first = int((self.headers.get("Range") or "bytes=0-")[6:-1])
            self.answer(206 if first else 200, BODY[first:], ETag='"two"',
                        Content_Range=f"bytes {first}-{len(BODY) - 1}/{len(BODY)}")
        elif path in ("/data.bin", "/sub/data.bin?x=1"):
            self.file(BODY)
        elif path == "/moved":
            self.answer(302, Location="/data.bin")
        elif path == "/untagged":
            self.answer(200, BODY)
        elif path == "/broken":
            self.answer(500)
        elif path in ("/api/models/me/model", "/api/datasets/me/set"):
            self.answer(200, b'{"siblings": [{"rfilename": "a.txt"}, {"rfilename": "in/b.bin"}]}')
        elif path == "/api/models/me/evil":
            self.answer(200, b'{"siblings": [{"rfilename": "../out"}]}')
        elif path == "/me/gated/resolve/main/a.txt" and not known:
            self.answer(401)
        elif path.endswith("/resolve/main/a.txt"):
            self.file(b"text")
        elif path.endswith("/resolve/main/in%20a%23b%25/%C3%A4.txt"):
            self.file(b"escaped")
        elif path.endswith("/resolve/main/in/b.bin"):
            self.file(BODY, X_Linked_ETag=f'"{SHA}"')
        elif path.endswith("/resolve/main/wrong.bin"):
            self.file(BODY, X_Linked_ETag=f'"{"0" * 64}"')
        else:
            self.answer(404, b"no such page")


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
server.handle_error = lambda *_: None  # a client that has heard enough hangs up
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"http://127.0.0.1:{server.server_port}"
folder = Path(tempfile.mkdtemp())
checks = 0


def get(*words, status=0, says=None, environment=None, limit=None):
    """Runs the command in the folder; its output."""
    global checks
    checks += 1
    del asked[:]
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    env |= {"HF_ENDPOINT": host + "/", **(environment or {})}
    command = [ORE, "data", "get", *words]
    if limit:
        command = ["sh", "-c", f"ulimit -f {limit}; exec \"$@\"", "sh", *command]
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    said = ran.stdout + ran.stderr
    if ran.returncode != status or (says is not None and says not in said):
        sys.exit(f"get {words}: status {ran.returncode}, expected {status}; said:\n{said}")
    return said


def expect(holds, what):
    global checks
    checks += 1
    if not holds:
        sys.exit(f"{what}; asked: {asked}")


def names():
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def clear():
    shutil.rmtree(folder)
    folder.mkdir()


def check_files():
    get(f"{host}/data.bin")
    expect((folder / "data.bin").read_bytes() == BODY and names() == ["data.bin"], "a file")
    get(f"{host}/data.bin", says="data.bin is there already")
    get(f"{host}/data.bin", "--sha256", SHA, says="data.bin is there already")
    get(f"{host}/data.bin", "--sha256", "0" * 64, status=1,
        says=f"data.bin: is there already, and its SHA-256 is {SHA}, expected {'0' * 64}; "
             "--force fetches it anew")
    expect(asked == [], "what is there is not asked for")
    get(f"{host}/moved", "--sha256", "0" * 63, status=2,
        says=f"--sha256 {'0' * 63}: expected 64 hexadecimal digits")
    get(f"{host}/moved", "--sha256", "g" * 64, status=2, says="expected 64 hexadecimal digits")
    expect(asked == [], "a digest that is none is seen before anything is asked for")
    get(f"{host}/sub/data.bin?x=1", "--out", "other", "--sha256", SHA.upper())
    expect((folder / "other/data.bin").read_bytes() == BODY, "a folder, a query, a digest")
    get(f"{host}/moved", "--force")
    expect((folder / "moved").read_bytes() == BODY, "a redirect")
    clear()


def check_resume():
    Server.cut_after = 300_000
    get(f"{host}/data.bin")  # each try brings another part
    expect((folder / "data.bin").read_bytes() == BODY and names() == ["data.bin"], "cut, resumed")
    expect([r for _, r, _ in asked] == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"],
           "each try asks for the rest")
    clear()
    Server.cut_after = 0
    (folder / "data.bin.part").write_bytes(BODY[:1000])
    (folder / "data.bin.part.etag").write_text("one")
    get(f"{host}/data.bin", status=1, says=f"{host}/data.bin: cannot be fetched: ")
    expect(names() == ["data.bin.part", "data.bin.part.etag"], "the part stays")
    Server.cut_after = None
    get(f"{host}/data.bin")
    expect((folder / "data.bin").read_bytes() == BODY and asked[0][1] == "bytes=1000-", "later")
    clear()
    (folder / "data.bin.part").write_bytes(b"x" * 1000)  # of another version of the file
    (folder / "data.bin.part.etag").write_text("zero")
    get(f"{host}/data.bin")
    expect((folder / "data.bin").read_bytes() == BODY, "another version begins anew")
    clear()
    (folder / "data.bin.part").write_bytes(b"x" * (len(BODY) + 5))
    (folder / "data.bin.part.etag").write_text("one")
    get(f"{host}/data.bin")
    expect((folder / "data.bin").read_bytes() == BODY, "a part that is too long begins anew")
    clear()
    (folder / "untagged.part").write_bytes(b"x" * 10)
    get(f"{host}/untagged")
    expect((folder / "untagged").read_bytes() == BODY, "without an ETag it begins anew")
    clear()


def begun(name, tag="one", body=BODY[:1000]):
    (folder / f"{name}.part").write_bytes(body)
    (folder / f"{name}.part.etag").write_text(tag)


def check_refused_rest():
    begun("data.bin")
    Server.refusals = [503, 503]
    get(f"{host}/data.bin")
    expect((folder / "data.bin").read_bytes() == BODY and
           [r for _, r, _ in asked] == ["bytes=1000-"] * 3, "a refusal costs nothing that is there")
    clear()
    for status in (401, 404, 429):
        begun("data.bin")
        Server.refusals = [status]
        get(f"{host}/data.bin", status=1, says=f"status {status}")
        expect((folder / "data.bin.part").read_bytes() == BODY[:1000], "nor does one for good")
        get(f"{host}/data.bin")
        expect(asked[0][1] == "bytes=1000-", "later it goes on")
        clear()
    begun("data.bin", body=BODY)  # killed before it had its name
    get(f"{host}/data.bin")
    expect((folder / "data.bin").read_bytes() == BODY and len(asked) == 1, "it was whole")
    clear()
    begun("careless")
    get(f"{host}/careless")
    expect((folder / "careless").read_bytes() == BODY and len(asked) == 2, "two files are not mixed")
    clear()
    begun("data.bin")
    Server.shift = 7
    get(f"{host}/data.bin")
    expect((folder / "data.bin").read_bytes() == BODY, "the rest is the one that was asked for")
    clear()


def check_errors():
    get(f"{host}/none", status=1, says=f"ore data: {host}/none: the server has no such file: "
                                       "status 404")
    get(f"{host}/broken", status=1, says="the server refuses it: status 500")
    expect(len(asked) == 5, "an error of the server's is tried again")
    get(f"{host}/data.bin", "--sha256", "0" * 64, status=1,
        says=f"ore data: data.bin: its SHA-256 is {SHA}, expected {'0' * 64}")
    get("http://127.0.0.1:1/data.bin", status=1, says="no connection: ")
    get(f"{host}/", status=2, says="names no file")
    get("ftp", status=2, says="ftp: unknown, expected names, tinyshakespeare")
    get("hf:me", status=2, says="hf:me: expected hf:OWNER/NAME[/FILE]")
    expect(names() == [], "nothing is left of what failed")
    get(f"{host}/data.bin", status=1, limit=100, says="data.bin: cannot write: File too large")
    clear()


def check_hub():
    get("hf:me/model/a.txt")
    expect((folder / "a.txt").read_text() == "text" and asked[0][0] == "/me/model/resolve/main/a.txt"
           and asked[0][2] is None, "one file of a repository, without a token")
    clear()
    get("hf:me/model/in a#b%/ä.txt")
    expect((folder / "in a#b%/ä.txt").read_text() == "escaped", "names are escaped in URLs")
    clear()
    Server.cut_after = 30
    get("hf:me/model", status=1)  # a list of files that breaks off is asked for from its beginning
    expect([r for _, r, _ in asked] == [None] * 5, "a list has no rest")
    Server.cut_after = None
    get("hf:datasets/me/set", environment={"HF_TOKEN": " secret\n"})
    expect(names() == ["a.txt", "in/b.bin"] and (folder / "in/b.bin").read_bytes() == BODY, "a set")
    expect([a for _, _, a in asked] == ["Bearer secret"] * 3, "the token goes along")
    clear()
    get("hf:me/model")
    expect(names() == ["a.txt", "in/b.bin"], "a whole repository")
    get("hf:me/gated/a.txt", "--force", status=1,
        says="the server asks who it is for (HF_TOKEN): status 401")
    get("hf:me/gated/a.txt", "--force", environment={"HF_TOKEN": "secret"})
    get("hf:me/model/wrong.bin", status=1, says="wrong.bin: its SHA-256 is ")
    get("hf:me/evil", status=1, says="a path that leads out of the repository")
    clear()


if "absent" in subprocess.run([ORE, "doctor"], capture_output=True, text=True).stdout.split(
        "libcurl")[1].split("\n")[0]:
    print("skipped: this build has no libcurl")
    sys.exit(77)
for check in (check_files, check_resume, check_refused_rest, check_errors, check_hub):
    check()
shutil.rmtree(folder)
print(f"{checks} checks of ore data get passed")
