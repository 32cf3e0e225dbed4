"""Changes to the user's ``config.toml``: one key or table, everything else as the user wrote it.

A change is made to the text that is there now, comments and order kept, and the result is read
before it takes the place of the file: what would not be read back, or would say anything else than
before, is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assocsh.datasets.folders import replace_file
from assocsh.errors import UnusableFile, UsageError
from assocsh.session.config import Config, config_path, key_parts, read_config
from assocsh.text.addresses import Peer
from assocsh.text.cells import visible
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import AbstractTable

    Items = TOMLDocument | AbstractTable

KeyPath = tuple[str, ...]


def keep_peer(
    config: Config,
    name: str,
    address: str | None,
    values: Mapping[KeyPath, Any],
    without: Collection[KeyPath] = (),
) -> Config:
    """Write ``[peers.NAME]``: its address if given, its values, and none of ``without``.

    Returns the file as it is now. Raises UsageError for what the file cannot say, UnusableFile
    where it cannot be written.
    """

    def change(document: TOMLDocument) -> None:
        table = _table(document, ("peers", name))
        with_room = _Tail(table)
        for path in without:
            _remove(table, path)
        if address is not None:
            _set_address(table, address)
        for path, value in values.items():
            _set(table, path, value)
        with_room.back()

    return _changed(config, change, lambda one: one._replace(peers=_without(one.peers, name)))


def remove_peer(config: Config, name: str) -> Config:
    """Take ``[peers.NAME]`` out of the file. Returns and raises as ``keep_peer``."""
    return _removed(config, ("peers", name), lambda one: _without(one.peers, name))


def keep_alias(config: Config, name: str, body: str) -> Config:
    """Write ``NAME = BODY`` into ``[alias]``. Returns and raises as ``keep_peer``."""

    def change(document: TOMLDocument) -> None:
        table = _table(document, ("alias",))
        with_room = _Tail(table)
        table[name] = body
        with_room.back()

    return _changed(config, change, lambda one: one._replace(aliases=_without(one.aliases, name)))


def remove_alias(config: Config, name: str) -> Config:
    """Take an alias out of ``[alias]``. Returns and raises as ``keep_peer``."""
    return _changed(
        config,
        lambda document: _remove(document, ("alias", name)),
        lambda one: one._replace(aliases=_without(one.aliases, name)),
    )


def _removed(
    config: Config, path: KeyPath, others: Callable[[Config], Mapping[str, Any]]
) -> Config:
    """The file without a table, by its lines if they can be told apart, else by its keys.

    A comment behind the last line of a table belongs to what follows it: taken out by its keys, a
    table would take it along.
    """
    source, raw = _read(config)
    before = read_config(source, raw)
    text = _without_lines(raw.decode(), path).encode()
    expected = before._replace(peers=others(before))
    try:
        if read_config(source, text) == expected:
            return _written(source, text)
    except UsageError:
        pass  # some line was not what it looks like
    return _changed(
        config,
        lambda document: _remove(document, path),
        lambda one: one._replace(peers=others(one)),
    )


def _without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


# the file


def _read(config: Config) -> tuple[Path, bytes]:
    path = config.path or config_path()
    try:
        return path, path.read_bytes()
    except FileNotFoundError:
        return path, b""
    except OSError as error:
        raise _unusable(path, error) from error


def _changed(
    config: Config, change: Callable[[TOMLDocument], None], others: Callable[[Config], Config]
) -> Config:
    """The file with ``change`` made to it; ``others`` is what must be as it was before."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    path, raw = _read(config)
    before = read_config(path, raw)
    try:
        document = tomlkit.parse(raw)
        change(document)
        text = tomlkit.dumps(document).encode()
    except (TOMLKitError, TypeError, ValueError) as error:
        raise _by_hand(path, str(error)) from error
    if others(read_config(path, text)) != others(before):
        raise _by_hand(path, "the change would have changed other lines too")
    return _written(path, text)


def _written(path: Path, text: bytes) -> Config:
    after = read_config(path, text)
    try:
        replace_file(path, text)
    except OSError as error:
        raise _unusable(path, error) from error
    return after


def _by_hand(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{visible(str(path))} is written in a way that cannot be changed here: {visible(why)}",
        hint="change it in an editor",
    )


def _unusable(path: Path, error: OSError) -> UnusableFile:
    return UnusableFile(
        f"{visible(str(path))}: {error.strerror or error}; nothing was changed", path=str(path)
    )


# its tables


def _table(document: TOMLDocument, path: KeyPath) -> AbstractTable:
    """The table at ``path``, made where there is none."""
    import tomlkit
    from tomlkit.items import AbstractTable

    above: Items = document
    for index, key in enumerate(path):
        if key not in above:
            above[key] = tomlkit.table(is_super_table=index + 1 < len(path))
        found = above[key]
        if not isinstance(found, AbstractTable):  # one table in several places of the file
            raise ValueError(f"[{'.'.join(path[: index + 1])}] is not in one piece")
        above = found
    assert isinstance(above, AbstractTable)
    return above


class _Tail:
    """The comments and blank lines behind the last key of a table: they belong to what follows.

    They are taken off while keys are added, and put back behind them.
    """

    def __init__(self, table: AbstractTable) -> None:
        self._body = table.value.body
        self._tail: list[Any] = []
        while self._body and self._body[-1][0] is None:
            self._tail.append(self._body.pop())

    def back(self) -> None:
        """Put them back."""
        self._body.extend(reversed(self._tail))


def _set_address(table: AbstractTable, address: str) -> None:
    if "aet" in table:
        peer = Peer.parse(address)
        table["aet"], table["host"], table["port"] = peer.ae, peer.host, peer.port
    else:
        table["address"] = address


def _set(table: AbstractTable, path: KeyPath, value: Any) -> None:
    """Give a key its value; ``tls = true`` becomes a table when more is said of it."""
    import tomlkit
    from tomlkit.items import AbstractTable

    first, *rest = path
    if not rest:
        if not (value is True and isinstance(table.get(first), AbstractTable)):
            table[first] = value
        return
    inner = table.get(first)
    if not isinstance(inner, AbstractTable):
        table[first] = tomlkit.inline_table()
    table[first][rest[0]] = value


def _remove(items: Items, path: KeyPath) -> None:
    """Take a key out where it is there. Of ``tls = { ... }`` without keys, TLS is left."""
    from tomlkit.items import AbstractTable, InlineTable

    first, *rest = path
    if first not in items:
        return
    if not rest:
        items.remove(first)
        return
    inner = items[first]
    if isinstance(inner, AbstractTable):
        _remove(inner, tuple(rest))
        if not inner and isinstance(inner, InlineTable):  # [a] may have comments behind it
            if first == "tls":
                items[first] = True
            else:
                items.remove(first)


_HEADER = pattern(r"[ \t]*\[\[?([^\]\n]+)\]")
_BLANK = pattern(r"[ \t]*(?:#.*)?[\r\n]*")


def _without_lines(text: str, path: KeyPath) -> str:
    """``text`` without the lines from each header of ``path``, or of a table in it, to its last."""
    kept: list[str] = []
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        header = _HEADER.match(lines[at])
        if header is None or key_parts(header[1])[: len(path)] != path:
            kept.append(lines[at])
            at += 1
            continue
        end = at + 1
        while end < len(lines) and _HEADER.match(lines[end]) is None:
            end += 1
        while _BLANK.fullmatch(lines[end - 1]):
            end -= 1
        at = end
        if kept and not kept[-1].strip():  # one blank line between the two beside it, not two
            while at < len(lines) and not lines[at].strip():
                at += 1
    return "".join(kept)
