"""What an association is opened with: typed options over the peer's table over the config file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assocsh.datasets.context_words import AUTO, read_words
from assocsh.errors import UsageError
from assocsh.records import dataclass, field, replace
from assocsh.session.identity import IDENTITIES, Credential, credential_of
from assocsh.session.practice_options import PRACTICE_NAMES, practice_with
from assocsh.text.addresses import Peer, check_ae_title, is_address

if TYPE_CHECKING:
    from assocsh.association import Timeouts, TLSConfig
    from assocsh.practice.settings import PracticeSettings
    from assocsh.session.binding import BoundCall
    from assocsh.session.config import Config, OpenDefaults
    from assocsh.session.settings import Settings
    from assocsh.upperlayer.negotiation import UserIdentity

PRACTICE = "practice"
DEFAULT_AE = "ASSOCSH"

_TIMERS = {
    "connect-timeout": "connect",
    "acse-timeout": "acse",
    "timeout": "dimse",
    "release-timeout": "release",
    "write-timeout": "write_stall",
}
"""The timer of an association that each setting is."""

_TLS_FILES = {"--tls-ca": "ca", "--tls-cert": "certificate", "--tls-key": "key"}
_TLS_TEXTS = {
    "--tls-pin": "pin",
    "--tls-profile": "profile",
    "--tls-min": "minimum",
    "--tls-sni": "host_name",
}
"""The options that have a field of TLSConfig for their value."""

_TLS_OPTIONS = ("--tls", "--tls-insecure", *_TLS_FILES, *_TLS_TEXTS)


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """Everything that ``reopen`` needs to open the same association again."""

    peer: str
    """``AET@HOST:PORT``, or ``practice``."""
    calling_ae: str = DEFAULT_AE
    called_ae: str | None = None
    window: int | None = None
    contexts: str = "default"
    extended: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    """These three as they were typed: ``CLASS:WHAT``."""
    files: tuple[Path, ...] = ()
    """Files and folders for which ``auto`` among the contexts proposes what they need."""
    max_pdu: int | None = None
    timeouts: Mapping[str, float | None] = field(default_factory=dict)
    """Those that the config file or the command named; ``set`` gives the others."""
    tls: TLSConfig | None = None
    credential: Credential | None = None
    """Where the user identity is found."""
    identity: UserIdentity | None = field(default=None, repr=False)
    """What was found there, at the last opening."""
    cleartext: bool = False
    """A script may send the passcode without TLS."""
    practice: PracticeSettings | None = None
    """What is asked of the practice archive."""


def plan_for(config: Config, call: BoundCall) -> OpenPlan:
    """The plan of an ``open``: typed options over the peer's table over the config file."""
    name = call.required("peer")
    entry = config.peers.get(name)
    layers = [config.open] if entry is None else [config.open, entry.open]
    if name == PRACTICE:
        address = PRACTICE
    elif entry is not None:
        address = entry.address
    else:
        address = _address(config, name)
    plan = OpenPlan(address)
    for layer in layers:
        plan = _over(plan, layer)
    return with_options(plan, call)


def _address(config: Config, text: str) -> str:
    if not is_address(text):
        from assocsh.language.place import nearest

        known = [*config.peers, PRACTICE]
        raise UsageError(
            f"there is no peer called {text!r}",
            hint=nearest(text, known)
            or "write AET@HOST:PORT; `peers` lists those of the config file",
        )
    return str(Peer.parse(text))


def _proposing(plan: OpenPlan, contexts: str) -> OpenPlan:
    """``plan`` with other contexts: what was said of SOP classes was said of those before."""
    return replace(plan, contexts=contexts, extended=(), roles=(), common=(), files=())


def _with_contexts(plan: OpenPlan, contexts: str) -> OpenPlan:
    """``plan`` with these contexts, or with them besides its own (``+LIST``)."""
    if contexts.startswith("+"):
        return replace(plan, contexts=f"{plan.contexts},{contexts[1:]}")
    return _proposing(plan, contexts)


def _over(plan: OpenPlan, layer: OpenDefaults) -> OpenPlan:
    if layer.contexts is not None:
        plan = _with_contexts(plan, layer.contexts)
    return replace(
        plan,
        called_ae=plan.called_ae if layer.called is None else layer.called,
        credential=plan.credential if layer.credential is None else layer.credential,
        cleartext=plan.cleartext if layer.cleartext is None else layer.cleartext,
        calling_ae=plan.calling_ae if layer.ae_title is None else layer.ae_title,
        window=plan.window if layer.window is None else layer.window,
        extended=plan.extended if layer.extended is None else layer.extended,
        roles=plan.roles if layer.roles is None else layer.roles,
        common=plan.common if layer.common is None else layer.common,
        max_pdu=plan.max_pdu if layer.max_pdu is None else layer.max_pdu,
        timeouts={**plan.timeouts, **layer.timeouts},
        tls=plan.tls if layer.tls is None else layer.tls,
    )


def with_options(plan: OpenPlan, call: BoundCall) -> OpenPlan:
    """``plan`` with the options of a call over it. Raises UsageError."""
    changes: dict[str, Any] = {}
    for option, name in (("--as", "calling_ae"), ("--called", "called_ae")):
        title = call.option(option)
        if title is not None:
            changes[name] = check_ae_title(title)
    for option, name, most in (("--window", "window", 65535), ("--max-pdu", "max_pdu", 2**32 - 1)):
        number = call.integer(option, most=most)
        if number is not None:
            changes[name] = number
    contexts = call.option("--contexts")
    more = contexts is not None and contexts.startswith("+")
    if contexts is not None:
        plan = _with_contexts(plan, contexts)
    files = call.arguments.get("file")
    if files:
        before = plan.files if more else ()
        changes["files"] = (*before, *(call.path(file) for file in files))
        if all(word.of_set != AUTO for word in read_words(plan.contexts)):
            raise UsageError(
                f"there is no use for the file {files[0]!r} here",
                hint="--contexts auto proposes the presentation contexts that files need",
            )
    for option, name in (("--extended", "extended"), ("--role", "roles"), ("--common", "common")):
        if call.flag(option):
            changes[name] = call.values(option)
    timeout = call.duration("--timeout")
    if timeout is not None:
        changes["timeouts"] = {**plan.timeouts, "dimse": timeout}
    for option in PRACTICE_NAMES:
        if call.flag(option) and plan.peer != PRACTICE:
            raise UsageError(
                f"{option} is for the practice archive", hint="`open practice` opens it"
            )
    if any(call.flag(option) for option in PRACTICE_NAMES):
        changes["practice"] = practice_with(plan.practice, call.options, call.path)
    if any(call.flag(option) for option in _TLS_OPTIONS):
        typed = {name: call.option(name) or "" for name in call.options}
        changes["tls"] = tls_with(plan.tls, typed, call.path)
    if call.flag("--allow-cleartext-credentials"):
        changes["cleartext"] = True
    changes["credential"] = credential_of(call, plan.credential)
    if any(call.flag(option) for option in IDENTITIES):
        changes["identity"] = None
    return replace(plan, **changes)


def tls_with(
    given: TLSConfig | None, options: Mapping[str, str], path: Callable[[str], Path]
) -> TLSConfig:
    """``given`` with ``options`` over it, those of TLS by their names; ``path`` is for files."""
    from assocsh.association import TLSConfig

    changes: dict[str, Any] = {}
    for name, text in options.items():
        if name in _TLS_FILES:
            changes[_TLS_FILES[name]] = str(path(text))
        elif name in _TLS_TEXTS:
            changes[_TLS_TEXTS[name]] = text
    if "--tls-insecure" in options:
        changes["insecure"] = True
    elif {"ca", "pin"} & changes.keys():
        changes["insecure"] = False  # who names what is right wants it checked
    return replace(given or TLSConfig(), **changes)


def acceptor_tls(call: BoundCall) -> TLSConfig | None:
    """TLS of a listener by the options of a call; None without any."""
    typed = {name: call.option(name) or "" for name in call.options if name.startswith("--tls-")}
    return tls_with(None, typed, call.path) if typed else None


def timeouts_for(settings: Settings, plan: OpenPlan) -> Timeouts:
    """The timers of an association: those of the plan, the others as ``set``."""
    from assocsh.association import Timeouts

    values = {timer: settings.seconds(name) for name, timer in _TIMERS.items()}
    return Timeouts(**{**values, **plan.timeouts})


def without_timer(plan: OpenPlan, setting: str) -> OpenPlan:
    """``plan`` where it no longer has a say in the timer of ``setting``."""
    timer = _TIMERS.get(setting)
    left = {name: value for name, value in plan.timeouts.items() if name != timer}
    return plan if left == plan.timeouts else replace(plan, timeouts=left)
