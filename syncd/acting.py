"""Who a command is: started by root it acts as the owner of the master table, so that the service can read what it
leaves, and no second table comes to be (the service runs as a user of its own)."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from syncd.errors import CONFIGURATION, SyncdError

ROOT = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """A user of this machine. `home` is what ``HOME`` names: libraries look for certificates and passwords there, and
    stop where they may not look."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def identity_of(uid: int, gid: int = ROOT) -> Identity:
    """The user with this number; one without an entry in the list of users has only the group `gid`."""
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return Identity(f"user {uid}", uid, gid, (gid,), "/")
    groups = tuple(os.getgrouplist(user.pw_name, user.pw_gid))
    return Identity(user.pw_name, uid, user.pw_gid, groups, user.pw_dir)


def owner_of(folder: Path) -> Identity:
    """Who owns the folder, or the nearest one above it that is there."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    found = there.stat()
    return identity_of(found.st_uid, found.st_gid)


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Act as the owner of `folder` where root began the command; whoever else began it stays who they are.

    The effective user is changed, for all threads; the real one stays root.

    Raises:
        SyncdError: root is not allowed to act as that user.
    """
    owner = owner_of(folder) if os.geteuid() == ROOT else None
    if owner is None or owner.uid == ROOT:
        yield
        return
    with acting_as(owner):
        yield


@contextmanager
def at_work(folder: Path, table: Path | None) -> Iterator[None]:
    """As `as_owner_of`, for work with the master table in `folder`.

    What root left of the SQLite file `table`, such as a backup put back, is given to the owner first.

    Raises:
        SyncdError: as `as_owner_of`, or the owner cannot read the program, which loads parts of itself on the way.
    """
    if table is not None and os.geteuid() == ROOT and folder.is_dir():
        names = [file.name for file in folder.iterdir() if file.name.startswith(table.name)]
        give(folder, [*names, "errors.log"], owner_of(folder))
    with as_owner_of(folder):
        for part in (os.__file__, __file__):
            if not os.access(part, os.R_OK, effective_ids=True):
                raise SyncdError(
                    f"The program's part {part} cannot be read by {owner_of(folder).name}, who owns the master table.",
                    "Install it as the README says, into /opt/syncd, with the system's own Python: /usr/bin/python3",
                    exit_code=CONFIGURATION,
                )
        yield


@contextmanager
def for_file(file: Path, state_folder: Path) -> Iterator[None]:
    """Write `file`, which the owner named, with the rights of whoever began the command; one in the folder of the
    master table, or below it, as the owner of that folder."""
    if file.resolve().is_relative_to(state_folder.resolve()):
        with as_owner_of(state_folder):
            yield
    elif os.getuid() == ROOT and os.geteuid() != ROOT:
        with acting_as(identity_of(ROOT)):
            yield
    else:
        yield


@contextmanager
def acting_as(user: Identity) -> Iterator[None]:
    """Be `user` for a while, in a process that root began. Raises as `as_owner_of`."""
    before = Identity("", os.geteuid(), os.getegid(), tuple(os.getgroups()), os.environ.get("HOME", "/"))
    try:
        _become(user)
    except OSError as error:
        _become(before)
        raise SyncdError(
            f"root may not act as {user.name}, who owns the master table ({error.strerror}).", "Run it as that user."
        ) from error
    try:
        yield
    finally:
        _become(before)


def _become(user: Identity) -> None:
    os.seteuid(ROOT)  # only root may change groups; the real user lets it come back
    os.setgroups(user.groups)
    os.setegid(user.gid)
    os.seteuid(user.uid)
    os.environ["HOME"] = user.home


def give(folder: Path, names: Iterable[str], owner: Identity, *, of: frozenset[int] = frozenset({ROOT})) -> None:
    """Give these files of `folder` to `owner` where they belong to one of the users `of`.

    The owner of the folder could put anything there. So links are left alone, and so is a file with a second name,
    which may be a file of the system; the folder is held open, so that it cannot be exchanged meanwhile.
    """
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names:
            _give(name, folder_fd, owner, of)
    finally:
        os.close(folder_fd)


def give_all(folder: Path, owner: Identity, *, of: frozenset[int] = frozenset({ROOT})) -> None:
    """Give the folder, and all in and below it that belongs to one of the users `of`, to `owner`; as `give`."""
    for _, folders, files, folder_fd in os.fwalk(folder.resolve()):
        for name in (*folders, *files):
            _give(name, folder_fd, owner, of)
    os.chown(folder, owner.uid, owner.gid)


def _give(name: str, folder_fd: int, owner: Identity, of: frozenset[int]) -> None:
    # O_NONBLOCK: a pipe that somebody put there would wait for its other end
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=folder_fd)
    except OSError:  # a link, a socket, or gone since
        return
    try:
        found = os.fstat(descriptor)
        single = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
        if single and found.st_uid in of:
            os.fchown(descriptor, owner.uid, owner.gid)
    finally:
        os.close(descriptor)


def user_named(name: str) -> Identity | None:
    """The user of this name; ``None`` where there is none."""
    try:
        return identity_of(pwd.getpwnam(name).pw_uid)
    except KeyError:
        return None


def group_named(name: str) -> int | None:
    """The number of this group; ``None`` where there is none."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
