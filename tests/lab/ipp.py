# SPDX-License-Identifier: GPL-3.0-or-later
"""A small IPP encoder and client (RFC 8010), independent of libcups, so that tests see the bytes."""

import http.client
import struct

OPERATION, JOB, END, PRINTER = 1, 2, 3, 4
INTEGER, BOOLEAN, ENUM, DATETIME = 0x21, 0x22, 0x23, 0x31
TEXT, NAME, KEYWORD, URI, CHARSET, LANGUAGE, MIME = 0x41, 0x42, 0x44, 0x45, 0x47, 0x48, 0x49

PRINT_JOB, CANCEL_JOB, GET_JOB_ATTRIBUTES, GET_JOBS = 0x02, 0x08, 0x09, 0x0A
HOLD_JOB, RELEASE_JOB, RESTART_JOB, PURGE_JOBS = 0x0C, 0x0D, 0x0E, 0x12

JOB_ATTRIBUTES = (
    "job-id",
    "job-uuid",
    "job-uri",
    "job-printer-uri",
    "job-name",
    "job-originating-user-name",
    "job-originating-host-name",
    "job-state",
    "job-state-reasons",
    "time-at-creation",
    "time-at-processing",
    "time-at-completed",
    "date-time-at-creation",
    "date-time-at-processing",
    "date-time-at-completed",
    "job-printer-up-time",
    "job-impressions",
    "job-impressions-completed",
    "job-media-sheets-completed",
    "job-k-octets",
    "copies",
    "sides",
    "media",
    "print-color-mode",
    "number-up",
    "document-format",
)


def attribute(tag, name, *values):
    """One attribute; a value is int, bool, str or bytes, as the tag wants it."""
    data = b""
    for n, value in enumerate(values):
        key = name.encode() if n == 0 else b""
        if tag in (INTEGER, ENUM):
            raw = struct.pack(">i", value)
        elif tag == BOOLEAN:
            raw = bytes([bool(value)])
        else:
            raw = value if isinstance(value, bytes) else value.encode()
        data += bytes([tag]) + struct.pack(">H", len(key)) + key + struct.pack(">H", len(raw)) + raw
    return data


def group(tag, attributes):
    return bytes([tag]) + b"".join(attribute(*a) for a in attributes)


def message(code, number, operation=(), jobs=(), printer=(), ended=True):
    """A request or an answer; jobs is a list of attribute lists (tag, name, values…)."""
    head = [(CHARSET, "attributes-charset", "utf-8"), (LANGUAGE, "attributes-natural-language", "en")]
    data = b"\x02\x00" + struct.pack(">HI", code, number) + group(OPERATION, [*head, *operation])
    data += b"".join(group(JOB, job) for job in jobs)
    data += group(PRINTER, printer) if printer else b""
    return data + (bytes([END]) if ended else b"")


def request_id(data):
    return struct.unpack(">I", data[4:8])[0]


def with_request_id(reply, request):
    """The reply with the request's number, as clients demand it."""
    return reply[:4] + request[4:8] + reply[8:]


def sample_job(number, **changes):
    """Attributes of one finished job, for answers of fake printers; changes by name with - written _."""
    job = {
        "job-id": (INTEGER, number),
        "job-uuid": (URI, f"urn:uuid:00000000-0000-3000-8000-{number:012x}"),
        "job-uri": (URI, f"ipp://localhost/jobs/{number}"),
        "job-printer-uri": (URI, "ipp://localhost/ipp/print"),
        "job-name": (NAME, f"Document {number}"),
        "job-originating-user-name": (NAME, "tanaka"),
        "job-state": (ENUM, 9),
        "job-state-reasons": (KEYWORD, "job-completed-successfully"),
        "time-at-creation": (INTEGER, 1_780_000_000 + number),
        "time-at-processing": (INTEGER, 1_780_000_000 + number),
        "time-at-completed": (INTEGER, 1_780_000_010 + number),
        "job-printer-up-time": (INTEGER, 1_780_100_000),
        "job-impressions-completed": (INTEGER, 3),
    }
    for name, value in changes.items():
        name = name.replace("_", "-")
        if value is None:
            del job[name]
        else:
            job[name] = (job[name][0], value)
    return [(tag, name, value) for name, (tag, value) in job.items()]


def parse(data):
    """(code, [(group tag, {name: [values]})]). Of a name that comes twice in a group the first one is kept,
    the others are under NAME#2, NAME#3. Unknown value types stay bytes; so does text that is no UTF-8."""
    code = struct.unpack(">H", data[2:4])[0]
    groups, at, current, name, depth = [], 8, None, None, 0
    while data[at] != END:
        tag = data[at]
        at += 1
        if tag < 0x10:
            current = {}
            groups.append((tag, current))
            continue
        length = struct.unpack(">H", data[at : at + 2])[0]
        key = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        length = struct.unpack(">H", data[at : at + 2])[0]
        raw = data[at + 2 : at + 2 + length]
        at += 2 + length
        depth += (tag == 0x34) - (tag == 0x37)
        if key and not depth:
            name, count = key, 2
            while name in current:
                name, count = f"{key}#{count}", count + 1
            current[name] = []
        if not depth:
            current[name].append(_value(tag, raw))
    return code, groups


def _value(tag, raw):
    if tag in (INTEGER, ENUM):
        return struct.unpack(">i", raw)[0]
    if tag == BOOLEAN:
        return bool(raw[0])
    if tag < 0x20:
        return None  # no-value, unknown, unsupported
    if 0x41 <= tag <= 0x49:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw
    return raw


def send(host, port, path, data, timeout=60):
    """Posts an IPP message; returns the parsed answer."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("POST", path, body=data, headers={"Content-Type": "application/ipp"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"HTTP status {answer.status} {answer.reason}")
    return parse(body)


def get_jobs(host, port, path, uri, which="all", user="root", attributes=JOB_ATTRIBUTES, first=1):
    """All jobs as dicts of single values (lists where there are several), read in cupsd's pages of 500."""
    result, seen = [], set()
    while True:
        operation = [
            (URI, "printer-uri", uri),
            (NAME, "requesting-user-name", user),
            (KEYWORD, "which-jobs", which),
            (INTEGER, "first-job-id", first),
            (INTEGER, "limit", 500),
            (KEYWORD, "requested-attributes", *attributes),
        ]
        code, groups = send(host, port, path, message(GET_JOBS, 1, operation))
        if code > 0x00FF:
            raise OSError(f"IPP status {code:#06x}")
        page = [{k: v[0] if len(v) == 1 else v for k, v in g.items()} for tag, g in groups if tag == JOB]
        page = [job for job in page if job.get("job-id") not in seen]
        result += page
        seen.update(job.get("job-id") for job in page)
        if which != "all" or len(page) < 500:
            return result
        first = max(seen) + 1
