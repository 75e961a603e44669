"""Sessions: what they are, how they are kept, and the default, a signed cookie.

To keep them elsewhere, subclass :class:`SessionInterface` and set ``app.session_interface`` to an
instance. Its two methods may be ``async def``. The cookie is the one that Flask writes: an
application moved from there, or back, keeps its users logged in.
"""

from __future__ import annotations

import functools
import hashlib
import typing as t
from abc import ABCMeta
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime

from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import CallbackDict

from .core.plan import drop_all
from .json.tag import TaggedJSONSerializer

if t.TYPE_CHECKING:
    from .app import DualApp
    from .wrappers import Request, Response

#: Every way to look into a mapping or to change it.
_USES = (
    "__contains__",
    "__copy__",
    "__delitem__",
    "__eq__",
    "__getitem__",
    "__ior__",
    "__iter__",
    "__len__",
    "__ne__",
    "__or__",
    "__repr__",
    "__reversed__",
    "__ror__",
    "__setitem__",
    "clear",
    "copy",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
)


def _marking(use: t.Any) -> t.Any:
    """Wrap a method of a session so that calling it sets ``accessed``."""

    @functools.wraps(use)
    def mark_and_use(session: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        session.accessed = True
        return use(session, *args, **kwargs)

    mark_and_use.marks_access = True  # type: ignore[attr-defined]
    return mark_and_use


class SessionMixin(MutableMapping[str, t.Any]):
    """What makes a dictionary a session.

    Whichever class a subclass takes its dictionary methods from, or if it has its own: each of them
    sets :attr:`accessed`. A response that depends on the session must say so to caches, or one
    user is served the page of another.
    """

    #: The session did not exist before. Only as good as the interface that sets it.
    new = False

    #: The session has to be saved. This default holds for a session that does not watch itself; one
    #: that does still cannot see into its values: set it after ``session["cart"].append(1)``.
    modified = True

    #: Something looked into the session, so that the response gets ``Vary: Cookie``.
    accessed = False

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _USES:
            use = getattr(cls, name, None)
            if use is not None and not hasattr(use, "marks_access"):
                setattr(cls, name, _marking(use))

    @property
    def permanent(self) -> bool:
        """Whether the session outlives the browser's, for ``PERMANENT_SESSION_LIFETIME``."""
        return bool(self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


class SecureCookieSession(CallbackDict[str, t.Any], SessionMixin):
    """A session kept in a signed cookie: its user can read it, but not change it.

    Args:
        initial: What it holds to begin with.
    """

    modified = False

    def __init__(self, initial: Mapping[str, t.Any] | None = None) -> None:
        super().__init__(initial, _set_modified)


def _set_modified(session: t.Any) -> None:
    session.modified = True


def _refuse(session: object, *args: t.Any, **kwargs: t.Any) -> t.NoReturn:
    raise RuntimeError(
        "The session is unavailable because no secret key was set, and without one anybody could"
        " forge its cookie. Set app.secret_key, or SECRET_KEY in the configuration, to a long"
        ' random value; python -c "import secrets; print(secrets.token_hex())" prints one.'
    )


_refused: t.Any = _refuse


class NullSession(SecureCookieSession):
    """The session of an application without a secret key: empty, and it cannot be written."""

    __setitem__ = __delitem__ = __ior__ = _refused
    clear = pop = popitem = setdefault = update = _refused


#: What the class of the default interface has, filled in below.
_AS_WRITTEN: dict[str, t.Any] = {}


class _NoticesPatches(ABCMeta):
    """Notices what is patched onto the class of the default interface.

    It derives from ABCMeta so that subclasses can have abstract base classes.
    """

    def __setattr__(cls, name: str, value: t.Any) -> None:
        super().__setattr__(name, value)
        if name in _AS_WRITTEN:
            _look_for_patches()

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        if name in _AS_WRITTEN:
            _look_for_patches()


def _look_for_patches() -> None:
    own: t.Any = SecureCookieSessionInterface
    is_as_written = all(getattr(own, name) is value for name, value in _AS_WRITTEN.items())
    type.__setattr__(own, "opens_late", is_as_written)
    drop_all()


class SessionInterface:
    """How sessions are opened and saved. A subclass gives these two, and may change the rest.

    The ``get_cookie_*`` methods read the configuration; use them, so that the settings mean the
    same for every interface.
    """

    #: What :meth:`make_null_session` makes, and how :meth:`is_null_session` knows it again.
    null_session_class: type[SecureCookieSession] = NullSession

    #: Whether sessions are pickled. Code that stores values in a session may look at it.
    pickle_based = False

    #: Whether opening a session waits until it is used, which nobody can tell by what happens. So
    #: it is with the signed cookie, as long as nothing was overridden or patched.
    opens_late = False

    def make_null_session(self, app: DualApp) -> NullSession:
        """Make the session for when none can be opened: it reads as empty and explains why.

        Args:
            app: The application.

        Returns:
            A new null session.
        """
        return t.cast(NullSession, self.null_session_class())

    def is_null_session(self, obj: object) -> bool:
        """Tell whether this is a null session, which is never saved."""
        return isinstance(obj, self.null_session_class)

    def get_cookie_name(self, app: DualApp) -> str:
        """The cookie's name: ``SESSION_COOKIE_NAME``."""
        return t.cast(str, app.config["SESSION_COOKIE_NAME"])

    def get_cookie_domain(self, app: DualApp) -> str | None:
        """The cookie's domain, or None for this very host: ``SESSION_COOKIE_DOMAIN``."""
        return t.cast("str | None", app.config["SESSION_COOKIE_DOMAIN"])

    def get_cookie_path(self, app: DualApp) -> str:
        """The cookie's path: ``SESSION_COOKIE_PATH``, else ``APPLICATION_ROOT``."""
        return t.cast(str, app.config["SESSION_COOKIE_PATH"] or app.config["APPLICATION_ROOT"])

    def get_cookie_httponly(self, app: DualApp) -> bool:
        """Whether scripts in the page cannot see the cookie: ``SESSION_COOKIE_HTTPONLY``."""
        return t.cast(bool, app.config["SESSION_COOKIE_HTTPONLY"])

    def get_cookie_secure(self, app: DualApp) -> bool:
        """Whether the cookie travels by HTTPS only: ``SESSION_COOKIE_SECURE``."""
        return t.cast(bool, app.config["SESSION_COOKIE_SECURE"])

    def get_cookie_samesite(self, app: DualApp) -> str | None:
        """``"Strict"``, ``"Lax"``, ``"None"`` or None: ``SESSION_COOKIE_SAMESITE``."""
        return t.cast("str | None", app.config["SESSION_COOKIE_SAMESITE"])

    def get_cookie_partitioned(self, app: DualApp) -> bool:
        """Whether each embedding site has its own cookie: ``SESSION_COOKIE_PARTITIONED``."""
        return t.cast(bool, app.config["SESSION_COOKIE_PARTITIONED"])

    def get_expiration_time(self, app: DualApp, session: SessionMixin) -> datetime | None:
        """When the session ends.

        Args:
            app: The application, for its ``permanent_session_lifetime``.
            session: The session.

        Returns:
            A time in UTC, or None for when the browser is closed.
        """
        return datetime.now(UTC) + app.permanent_session_lifetime if session.permanent else None

    def should_set_cookie(self, app: DualApp, session: SessionMixin) -> bool:
        """Tell whether the response must carry the cookie.

        It must if the session changed, and, so that the end of a permanent one moves on, with each
        response, unless ``SESSION_REFRESH_EACH_REQUEST`` is off.

        Args:
            app: The application.
            session: The session.

        Returns:
            Whether to set the cookie.
        """
        if session.modified:
            return True
        return bool(app.config["SESSION_REFRESH_EACH_REQUEST"]) and session.permanent

    def open_session(self, app: DualApp, request: Request) -> SessionMixin | None:
        """Find the session of a request, before its URL is known to match anything.

        Args:
            app: The application.
            request: The request.

        Returns:
            The session, a new one if the request brings none that is valid; None if sessions
            cannot be used now, which leads to a null session.
        """
        raise NotImplementedError

    def save_session(self, app: DualApp, session: SessionMixin, response: Response) -> None:
        """Keep the session at the end of a request. Not called for a null session.

        Args:
            app: The application.
            session: The session; see its ``accessed`` and ``modified``.
            response: The response, to set the cookie and ``Vary`` on.
        """
        raise NotImplementedError


#: Writes the contents of a session's cookie, and reads them.
session_json_serializer = TaggedJSONSerializer()


def _sha1(string: bytes = b"") -> t.Any:
    # Looked up when called: a Python build under FIPS rules may lack it, and use another method.
    return hashlib.sha1(string)


# Making one takes longer than reading a session with it, and it never changes.
@functools.lru_cache(maxsize=16)
def _make_signer(
    keys: tuple[t.Any, ...],
    salt: str,
    serializer: t.Any,
    key_derivation: str,
    digest_method: Callable[..., t.Any],
) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        list(keys),
        salt=salt,
        serializer=serializer,
        signer_kwargs={"key_derivation": key_derivation, "digest_method": digest_method},
    )


class SecureCookieSessionInterface(SessionInterface, metaclass=_NoticesPatches):
    """Keeps the session in the cookie itself, signed by :mod:`itsdangerous` and dated."""

    opens_late = True

    #: Goes into the signing key, so that a signature made for another purpose does not fit.
    salt = "cookie-session"

    #: The hash function of the signature's HMAC.
    digest_method: Callable[..., t.Any] = staticmethod(_sha1)

    #: How ``itsdangerous`` makes the signing key of the secret key and the salt.
    key_derivation = "hmac"

    #: Turns the session into text: anything with ``dumps`` and ``loads``.
    serializer: t.Any = session_json_serializer

    #: The class of the sessions.
    session_class: type[SecureCookieSession] = SecureCookieSession

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        type.__setattr__(cls, "opens_late", False)

    def __setattr__(self, name: str, value: t.Any) -> None:
        super().__setattr__(name, value)
        super().__setattr__("opens_late", False)
        drop_all()

    def get_signing_serializer(self, app: DualApp) -> URLSafeTimedSerializer | None:
        """Make what signs and verifies the cookie.

        It signs with the secret key, and accepts what was signed with one of
        ``SECRET_KEY_FALLBACKS``: put the old key there when changing it.

        Args:
            app: The application.

        Returns:
            The serializer, or None if the application has no secret key.
        """
        if not app.secret_key:
            return None
        # itsdangerous signs with the last key and tries all of them on what comes in.
        keys = (*_old_keys(app), app.secret_key)
        return _make_signer(
            keys, self.salt, self.serializer, self.key_derivation, self.digest_method
        )

    def open_session(self, app: DualApp, request: Request) -> SecureCookieSession | None:
        """Read the session from the request's cookie.

        Args:
            app: The application.
            request: The request.

        Returns:
            The session; an empty one if the cookie is missing, too old, or not of our making; None
            if the application has no secret key.
        """
        signer = self.get_signing_serializer(app)
        if signer is None:
            return None
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie:
            return self.session_class()
        lifetime = int(app.permanent_session_lifetime.total_seconds())
        try:
            return self.session_class(signer.loads(cookie, max_age=lifetime))
        except BadData:
            return self.session_class()

    def save_session(self, app: DualApp, session: SessionMixin, response: Response) -> None:
        """Write the session into the response's cookie, if need be.

        A session that became empty takes the cookie away. Whenever the session was looked into, or
        the cookie is touched, the response gets ``Vary: Cookie`` (RFC 9110, section 12.5.5).

        Args:
            app: The application.
            session: The session.
            response: The response.
        """
        accessed = session.accessed
        written = self._write_cookie(app, session, response)
        session.accessed = accessed  # our own looking into it does not count
        if accessed or written:
            response.vary.add("Cookie")

    def _write_cookie(self, app: DualApp, session: SessionMixin, response: Response) -> bool:
        """Set the cookie, or take it away; tell whether either was needed."""
        if not session:
            if session.modified:
                response.delete_cookie(self.get_cookie_name(app), **self._cookie_scope(app))
            return session.modified
        if not self.should_set_cookie(app, session):
            return False
        signer = self.get_signing_serializer(app)
        if signer is None:
            _refuse(session)
        response.set_cookie(
            self.get_cookie_name(app),
            signer.dumps(dict(session)),
            expires=self.get_expiration_time(app, session),
            **self._cookie_scope(app),
        )
        return True

    def _cookie_scope(self, app: DualApp) -> dict[str, t.Any]:
        """Where the cookie is valid. A cookie is only taken away by one of the same scope."""
        return {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
            "partitioned": self.get_cookie_partitioned(app),
        }


_AS_WRITTEN.update(
    (name, getattr(SecureCookieSessionInterface, name))
    for name in dir(SecureCookieSessionInterface)
    if not name.startswith("_") and name != "opens_late"
)


def _old_keys(app: DualApp) -> list[str | bytes]:
    """The keys that are still accepted."""
    keys = app.config["SECRET_KEY_FALLBACKS"] or ()
    # One string is one key. Taken as a list of keys, each of its letters would sign a session.
    return [keys] if isinstance(keys, (str, bytes)) else list(keys)
