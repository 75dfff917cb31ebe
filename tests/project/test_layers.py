# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of ARCHITECTURE.md, read from the includes and from the symbols of the built core library."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"

MAY_INCLUDE = {
    "base": set(),
    "core": {"base"},
    "store": {"core", "base"},
    "source": {"core", "base"},
    "transport": {"core", "base"},
    "deliver": {"transport", "core", "base"},
    "app": {"store", "source", "core", "base"},
    "cli": {"app", "daemon", "store", "source", "core", "base"},
    "daemon": {"app", "store", "source", "core", "base"},
}
# What a layer may take from outside GLib and the C library, by the first word of the header.
MAY_USE = {
    "base": {"glib", "sodium"},
    "core": {"glib"},
    "store": {"glib", "sqlite3"},
    "source": {"glib", "cups"},
    "transport": {"glib", "curl", "libsmbclient", "gmime", "openssl", "gio"},
    "deliver": {"glib", "jansson"},
    "app": {"glib", "gio", "jansson", "openssl"},
    "cli": {"glib", "jansson", "sodium", "gio"},
    "daemon": {"glib", "gio", "systemd", "jansson"},
}
LIBRARIES = {"sodium", "sqlite3", "cups", "curl", "libsmbclient", "gmime", "openssl", "gio", "jansson", "systemd", "libpq", "microhttpd"}
# The core does no input or output and asks no clock.
IMPURE = {
    "open", "openat", "creat", "read", "write", "pread", "pwrite", "fopen", "fdopen", "fread", "fwrite", "fputs", "fprintf", "printf", "puts", "socket",
    "connect", "send", "recv", "unlink", "rename", "stat", "fstat", "mkdir", "fork", "execve", "system", "popen", "getenv", "setenv", "time", "gettimeofday",
    "clock_gettime", "localtime", "localtime_r", "gmtime", "gmtime_r", "mktime", "sleep", "nanosleep", "g_get_real_time", "g_get_monotonic_time",
    "g_date_time_new_now", "g_date_time_new_now_local", "g_date_time_new_now_utc", "g_file_get_contents", "g_file_set_contents", "g_getenv", "g_spawn_sync",
    "g_usleep", "g_open", "g_unlink", "g_print", "g_printerr", "g_random_int", "g_log", "exit", "_exit", "rand", "random",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def sources(layer):
    return sorted(path for ending in ("*.c", "*.h", "*.def") for path in (SOURCE / layer).rglob(ending))


@pytest.mark.parametrize("layer", sorted(MAY_INCLUDE))
def test_a_layer_includes_only_what_lies_below_it(layer):
    files = sources(layer)
    assert files, f"src/{layer} holds no source"
    wrong = []
    for path in files:
        for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if kind == '"' and name.split("/")[0] not in MAY_INCLUDE[layer] | {layer}:
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("layer", sorted(MAY_USE))
def test_a_layer_uses_only_its_libraries(layer):
    wrong = []
    for path in sources(layer):
        for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            library = name.split("/")[0].removesuffix(".h").split("-")[0]
            if kind == "<" and library in LIBRARIES and library not in MAY_USE[layer]:
                wrong.append(f"{path.relative_to(ROOT)} uses <{name}>")
    assert not wrong, "\n".join(wrong)


def test_the_core_is_pure(build):
    library = build / "src" / "core" / "libcore.a"
    undefined = set(subprocess.run(["nm", "--undefined-only", "--format=just-symbols", library], check=True, capture_output=True, text=True).stdout.split())
    assert "g_free" in undefined, "nm shows no symbols: the check would pass blindly"
    assert not undefined & IMPURE, f"core calls {sorted(undefined & IMPURE)}"


def test_the_core_has_no_writable_globals(build):
    library = build / "src" / "core" / "libcore.a"
    table = subprocess.run(["objdump", "-t", library], check=True, capture_output=True, text=True).stdout
    # Address, flags, section, size, name. Constant tables with pointers lie in .data.rel.ro; what the sanitizers add is theirs.
    rows = re.findall(r"^[0-9a-f]+ .{7} (\.(?:data|bss)(?!\.rel\.ro)\S*)\t([0-9a-f]+) +(?:\.hidden )?(\S+)$", table, re.MULTILINE)
    assert ".data.rel.ro" in table, "objdump shows no sections: the check would pass blindly"
    writable = [name for _section, size, name in rows if int(size, 16) > 0 and not re.match(r"(__|\.L|q\.\d+$|_?asan|ubsan)", name, re.IGNORECASE)]
    assert not writable, f"core keeps state in {writable}"


def test_the_helper_alone_links_the_network_libraries(build):
    def needs(program):
        return subprocess.run(["ldd", build / program], check=True, capture_output=True, text=True).stdout

    assert "libsmbclient" in needs("printtrail-deliver") and "libcurl" in needs("printtrail-deliver")
    for library in ("libsmbclient", "libcurl", "libgmime"):
        assert library not in needs("printtrail")
