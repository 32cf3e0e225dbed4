"""peers add, edit and remove: what is typed goes into the config file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assocsh.commands.open_options import OPEN_OPTIONS
from assocsh.errors import UsageError
from assocsh.language.model import Option, Slot
from assocsh.session.config import KEPT
from assocsh.session.identity import IDENTITIES, Credential, credential_of
from assocsh.session.plan import PRACTICE
from assocsh.text.addresses import Peer, is_address
from assocsh.text.cells import cell

if TYPE_CHECKING:
    from assocsh.session.binding import BoundCall
    from assocsh.session.config import PeerEntry
    from assocsh.session.session import Session

CHANGED = tuple(option for option in OPEN_OPTIONS if option.name in KEPT)
"""The options of ``open`` that are kept for a peer."""

WITHOUT = Option(
    "--without",
    Slot.CHOICE,
    "OPTION",
    tuple(option.name.removeprefix("--") for option in CHANGED),
    summary="keep this option no more (can be repeated)",
    repeated=True,
)

_OF_IDENTITY = (*IDENTITIES, "--password-file", "--user-response", "--show-claims")
"""The options that name the user identity: they are kept together."""


async def add(session: Session, call: BoundCall) -> None:
    """Write a new ``[peers.NAME]``. Raises UsageError for a name that is taken, UnusableFile."""
    name = _name(call)
    if name == PRACTICE or name in session.config.peers:
        raise UsageError(
            f"there is a peer called {name!r} already",
            hint="" if name == PRACTICE else "`peers edit NAME` changes it",
        )
    await _keep(session, call, name, None)


async def edit(session: Session, call: BoundCall) -> None:
    """Change a ``[peers.NAME]``. Raises UsageError for one that is not there, UnusableFile."""
    entry = _known(session, call)
    await _keep(session, call, entry.name, entry)


async def remove(session: Session, call: BoundCall) -> None:
    """Take a ``[peers.NAME]`` out. Raises UsageError for one that is not there, UnusableFile."""
    from assocsh.session.config_file import remove_peer

    name = _known(session, call).name
    session.config = await asyncio.to_thread(remove_peer, session.config, name)
    session.note(f"{cell(name)} is taken out of {cell(str(session.config.path), None)}")


def _name(call: BoundCall) -> str:
    name = call.required("name")
    if is_address(name):
        raise UsageError(
            f"{name!r} is an address; its name comes first", hint="`peers add NAME AET@HOST:PORT`"
        )
    return name


def _known(session: Session, call: BoundCall) -> PeerEntry:
    """The peer of the config file that is named. Raises UsageError."""
    from assocsh.language.place import nearest

    name = call.required("name")
    entry = session.config.peers.get(name)
    if entry is None:
        raise UsageError(
            f"the config file has no peer called {name!r}",
            hint=nearest(name, session.config.peers) or "`peers` lists those that it has",
        )
    return entry


async def _keep(session: Session, call: BoundCall, name: str, entry: PeerEntry | None) -> None:
    from assocsh.session.config_file import keep_peer

    address = call.argument("address")
    if address is not None:
        address = str(Peer.parse(address))
    without = [f"--{word}" for word in call.values("--without")]
    values = _values(call)
    credential = None if entry is None else entry.open.credential
    if any(call.flag(option) for option in _OF_IDENTITY):
        values |= _identity(credential_of(call, credential))
        without += [option for option in _OF_IDENTITY if option not in without]
    if {"--tls-ca", "--tls-pin"} & values.keys() and "--tls-insecure" not in values:
        without.append("--tls-insecure")  # who names what is right wants it checked
    if entry is not None and address is None and not values and not without:
        raise UsageError("there is nothing to change", hint="an address, an option, or --without")
    session.config = await asyncio.to_thread(
        keep_peer,
        session.config,
        name,
        address,
        {KEPT[option]: value for option, value in values.items()},
        [KEPT[option] for option in without],
    )
    kept = session.config.peers[name]
    session.note(
        f"{cell(name)} is {cell(kept.address)} in {cell(str(session.config.path), None)}: "
        f"`open {cell(name)}` opens it"
    )


def _values(call: BoundCall) -> dict[str, Any]:
    """What is typed of the options, as the file has it; without the user identity.

    A file is named by its whole path: the config file is in another folder.
    """
    found: dict[str, Any] = {}
    for option in CHANGED:
        if not call.flag(option.name) or option.name in _OF_IDENTITY:
            continue
        value: Any = call.option(option.name)
        if option.slot is None:
            value = True
        elif option.repeated:
            value = list(call.values(option.name))
        elif option.slot is Slot.INTEGER:
            value = call.integer(option.name)
        elif option.slot is Slot.FILE:
            value = str(call.path(value).absolute())
        found[option.name] = value
    return found


def _identity(credential: Credential | None) -> Mapping[str, Any]:
    """Where the user identity is found, by option."""
    if credential is None:
        return {}
    found: dict[str, Any] = {name: value or True for name, value in credential.options}
    if credential.path is not None:
        name = "--password-file" if credential.name else credential.option
        found[name] = str(credential.path.absolute())
    return found
