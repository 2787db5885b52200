"""For the tests of what root does: another user's folder, and the command line in a process of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ONLY_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user: run it as root")
OTHER = pwd.getpwnam("nobody")


_MODULES = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])


@cache
def python_of_all() -> str:
    """A Python that every user can run with the modules of these tests; skips the test where there is none."""
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{own}", f"/usr/local/bin/{own}"):
        try:
            ran = subprocess.run(
                [python, "-c", "import syncd, alembic.util, psycopg"],
                env={"PYTHONPATH": _MODULES}, user=OTHER.pw_uid, group=OTHER.pw_gid, extra_groups=(), cwd="/",
                stderr=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except OSError:
            continue
        if ran.returncode == 0:
            return python
    pytest.skip("no Python here that another user can run with these modules: they lie where only root looks")


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own is root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="syncd-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def owners(folder: Path) -> dict[str, int]:
    """Who owns each file below the folder, by its path there."""
    return {str(path.relative_to(folder)): path.lstat().st_uid for path in folder.rglob("*")}


class Machine:
    """Root's settings in a folder of root's, and the master table in a folder of another user's."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state, self.private = folder, folder / "state", folder / "private"
        self.state.mkdir(mode=0o750)
        os.chown(self.state, OTHER.pw_uid, OTHER.pw_gid)
        self.private.mkdir(mode=0o700)
        self.table = self.state / "syncd.db"
        self.env_file = self.private / ".env"
        self.env_file.write_text(
            "SYNCD_CHANNELS=woo:woocommerce\nWOO_URL=https://shop.invalid\nWOO_KEY=ck_1\nWOO_SECRET=cs_1\n"
            f"SYNCD_DATABASE_URL=sqlite:///{self.table}\n"
        )
        self.env_file.chmod(0o600)

    def syncd(self, *arguments: str, code: int = 0) -> str:
        """What the command said, which must end with this code."""
        ended = subprocess.run(
            [python_of_all(), "-m", "syncd", "--env-file", str(self.env_file), *arguments],
            cwd=self.private,
            env={**os.environ, "HOME": str(self.private), "PYTHONPATH": _MODULES},
            capture_output=True,
            text=True,
            check=False,
        )
        told = ended.stdout + ended.stderr
        assert ended.returncode == code, told
        assert "Traceback" not in told
        return told
