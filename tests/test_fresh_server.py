"""A fresh server, end to end: root's `init`, `install-service` and daily commands on the real paths.

The paths are those of a namespace of its own: /etc is a copy, /opt, /run, /var/lib and /var/log are empty, and nothing
that is done there is done to this machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.as_root import ONLY_AS_ROOT, ROOT, open_folder, python_of_all

pytestmark = ONLY_AS_ROOT

_APART = """
mount --bind "$1/etc" /etc
for place in /opt /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs "$place"; done
mkdir -p /opt/syncd
cp -r "$1/program/." /opt/syncd
"""
_FIRST_HOUR = """
export WOO_KEY=ck_1 WOO_SECRET=cs_1
/opt/syncd/bin/syncd init --no-check --channel woo:woocommerce --set WOO_URL=https://shop.invalid
"""
_LOOK = """
stat -c '%n %U %G %a' /etc/syncd /etc/syncd/.env /var/lib/syncd /var/lib/syncd/* /etc/systemd/system/syncd*
"""


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree("/etc", folder / "etc", symlinks=True)
        shutil.rmtree(folder / "etc" / "syncd", ignore_errors=True)  # where this machine has one of its own
        program = folder / "program"
        for package in ("syncd", "connectors"):
            shutil.copytree(ROOT / package, program / package)
        script = program / "bin" / "syncd"
        script.parent.mkdir()
        script.write_text(
            f"#!{python_of_all()}\nimport sys\nsys.dont_write_bytecode = True\n"
            f"sys.path[:0] = ['/opt/syncd', {sysconfig.get_path('purelib')!r}]\n"
            "from syncd.__main__ import main\nmain()\n"
        )
        script.chmod(0o755)

    def run(self, commands: str) -> str:
        """What the commands of root say on the fresh server, one after the other; each must succeed."""
        ended = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "bash", "-euc", _APART + commands, "bash", self.folder],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr


@pytest.fixture
def server() -> Iterator[Server]:
    try:
        apart = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        apart = False
    if not apart:
        pytest.skip("this machine does not let root have mounts of its own, so that its own paths would be changed")
    python_of_all()
    with open_folder() as folder:
        yield Server(folder)


def test_init_makes_the_user_and_every_later_command_works_for_it(server: Server) -> None:
    told = server.run(
        _FIRST_HOUR
        + "/opt/syncd/bin/syncd count HAT 7\n/opt/syncd/bin/syncd backup /opt/copy.db\n"
        + "getent passwd syncd\n"
        + "/opt/syncd/bin/syncd install-service\n/opt/syncd/bin/syncd install-service\n"
        + _LOOK
    )
    assert "Written: /etc/syncd/.env (root and syncd only).\nDatabase: /var/lib/syncd/syncd.db\n" in told
    assert ":/var/lib/syncd:/usr/sbin/nologin\n" in told
    assert "Written: /etc/systemd/system/syncd.service\n" in told
    assert "The units are as they should be.\n" in told
    for line in (
        "/etc/syncd root syncd 750",
        "/etc/syncd/.env root syncd 640",
        "/var/lib/syncd syncd syncd 750",
        "/etc/systemd/system/syncd.service root root 644",
        "/etc/systemd/system/syncd-failed@.service root root 644",
    ):
        assert f"{line}\n" in told
    of_table = [line.split() for line in told.splitlines() if line.startswith("/var/lib/syncd/")]
    assert {"/var/lib/syncd/syncd.db", "/var/lib/syncd/syncd.db.runs"} <= {name for name, *_ in of_table}
    assert {(user, group) for _, user, group, _ in of_table} == {("syncd", "syncd")}


def test_what_root_left_before_there_was_a_service_is_mended(server: Server) -> None:
    """An installation by cron, as root, of the version before."""
    told = server.run(
        _FIRST_HOUR
        + "chown -R root:root /etc/syncd /var/lib/syncd\nchmod 600 /etc/syncd/.env\nuserdel syncd\n"
        + "/opt/syncd/bin/syncd count HAT 7\n"
        + "stat -c '%n %U' /var/lib/syncd/syncd.db\n"
        + "/opt/syncd/bin/syncd install-service\n"
        + _LOOK
    )
    assert "/var/lib/syncd/syncd.db root\n" in told
    assert "/var/lib/syncd/syncd.db syncd syncd " in told
    assert "/etc/syncd/.env root syncd 640\n" in told
