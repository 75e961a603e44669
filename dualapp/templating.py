"""Templates: where they are looked for, what they can see, and how they are rendered."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

from jinja2 import BaseLoader, Template, TemplateNotFound
from jinja2 import Environment as BaseEnvironment

from .core.calls import call_in_place as call
from .core.calls import done
from .core.signalling import emit
from .globals import _cv_app, _cv_request, app_ctx
from .helpers import _send, stream_with_context
from .sides.blocking import finish
from .signals import before_render_template, template_rendered

if t.TYPE_CHECKING:
    from .app import DualApp
    from .core.scaffold import Scaffold

#: What a Jinja loader gives for a template: its text, its file, and whether that is still current.
_Source = tuple[str, str | None, Callable[[], bool] | None]


def _default_template_ctx_processor() -> dict[str, t.Any]:
    """Show templates ``g`` and ``request`` themselves, which is faster than through a proxy.

    ``session`` stays a proxy: that is what notices whether a template reads it.
    """
    visible: dict[str, t.Any] = {}
    if (app_context := _cv_app.get(None)) is not None:
        visible["g"] = app_context.g
    if (request_context := _cv_request.get(None)) is not None:
        visible["request"] = request_context.request
    return visible


class Environment(BaseEnvironment):
    """A Jinja environment that belongs to an application and finds its templates there.

    Args:
        app: The application, kept as ``app``.
        options: What Jinja's environment takes. Without a ``loader`` the application makes one.
    """

    def __init__(self, app: DualApp, **options: t.Any) -> None:
        if "loader" not in options:
            options["loader"] = app.create_global_jinja_loader()
        super().__init__(**options)
        self.app = app


class DispatchingJinjaLoader(BaseLoader):
    """Looks for a template in the application's folder, then in those of its blueprints.

    Args:
        app: The application whose loaders are asked.
    """

    def __init__(self, app: DualApp) -> None:
        self.app = app

    def get_source(self, environment: BaseEnvironment, template: str) -> _Source:
        """Give the first source found under this name.

        With the config key EXPLAIN_TEMPLATE_LOADING all places are asked, and the log tells how
        each answered.

        Raises:
            TemplateNotFound: No folder has such a template.
        """
        if self.app.config["EXPLAIN_TEMPLATE_LOADING"]:
            found = self._explain_search(environment, template)
        else:
            found = (source for _, _, source in self._search(environment, template))
        for source in found:
            if source is not None:
                return source
        raise TemplateNotFound(template)

    def list_templates(self) -> list[str]:
        """Name the templates of all folders, each name once."""
        return list(
            {name for _, loader in self._iter_loaders() for name in loader.list_templates()}
        )

    def _iter_loaders(self, template: str = "") -> Iterator[tuple[Scaffold, BaseLoader]]:
        """Go through the application and its blueprints in the order in which they are asked.

        A subclass may choose them by the template's name.
        """
        owners: tuple[Scaffold, ...] = (self.app, *self.app.iter_blueprints())
        for owner in owners:
            if (loader := owner.jinja_loader) is not None:
                yield owner, loader

    def _search(
        self, environment: BaseEnvironment, template: str
    ) -> Iterator[tuple[BaseLoader, Scaffold, _Source | None]]:
        """Ask one loader after the other; None stands for "not here"."""
        for owner, loader in self._iter_loaders(template):
            try:
                yield loader, owner, loader.get_source(environment, template)
            except TemplateNotFound:
                yield loader, owner, None

    def _explain_search(
        self, environment: BaseEnvironment, template: str
    ) -> Iterator[_Source | None]:
        """Search to the end and log every step, then give what was found."""
        from .debughelpers import explain_template_loading_attempts

        attempts = list(self._search(environment, template))
        explain_template_loading_attempts(self.app, template, attempts)
        return (source for _, _, source in attempts)


async def collect_context(app: DualApp, context: dict[str, t.Any]) -> None:
    """Add to a template's variables what the context processors give, sync and async ones.

    Processors of the application come first, then those of the matched blueprints from the outside
    in; a later one overrides an earlier one, and nothing overrides what the caller passed.

    Args:
        app: The application that renders.
        context: The variables so far; changed in place.
    """
    passed = context.copy()
    scopes: list[str | None] = [None]
    if (request_context := _cv_request.get(None)) is not None:
        scopes += reversed(request_context.request.blueprints)
    for scope in scopes:
        for processor in app.template_context_processors.get(scope, ()):
            context.update(await done(call(processor)))
    context.update(passed)


async def _prepare(app: DualApp, template: Template, context: dict[str, t.Any]) -> None:
    """Do what comes before rendering: complete the variables and tell the receivers."""
    await done(call(app.update_template_context, (context,)))
    await emit(call, before_render_template, app, template=template, context=context)


async def _render_text(app: DualApp, template: Template, context: dict[str, t.Any]) -> str:
    await _prepare(app, template, context)
    # With enable_async Jinja's own render() would start a second event loop.
    render = template.render_async if template.environment.is_async else template.render
    text: str = await done(call(render, (context,)))
    await emit(call, template_rendered, app, template=template, context=context)
    return text


async def _open_stream(
    app: DualApp, template: Template, context: dict[str, t.Any]
) -> Iterator[str]:
    await _prepare(app, template, context)

    def pieces() -> Iterator[str]:
        yield from template.generate(context)
        _send(template_rendered, app, template=template, context=context)

    return pieces() if _cv_request.get(None) is None else stream_with_context(pieces())


def _render(app: DualApp, template: Template, context: dict[str, t.Any]) -> str:
    """Render a template that has been found."""
    return finish(_render_text(app, template, context))


def _stream(app: DualApp, template: Template, context: dict[str, t.Any]) -> Iterator[str]:
    """Start to render a template that has been found, piece by piece."""
    return finish(_open_stream(app, template, context))


def render_template(
    template_name_or_list: str | Template | list[str | Template], **context: t.Any
) -> str:
    """Render a template from a file.

    Inside ``async def`` code that meets an async context processor or signal receiver the result
    is an awaitable of the text. A view can return it as it is; other code awaits it.

    Args:
        template_name_or_list: The name of the template, the template itself, or a list of them, of
            which the first that exists is taken.
        context: The variables the template sees.

    Returns:
        The text.

    Raises:
        TemplateNotFound: There is no such template, or none of the list.
    """
    app = app_ctx.app
    template = app.jinja_env.get_or_select_template(template_name_or_list)
    return _render(app, template, context)


def render_template_string(source: str, **context: t.Any) -> str:
    """Render a template given as text.

    Args:
        source: The template. HTML is escaped in what it inserts.
        context: The variables the template sees.

    Returns:
        The text, or an awaitable of it where ``render_template`` would give one.
    """
    app = app_ctx.app
    return _render(app, app.jinja_env.from_string(source), context)


def stream_template(
    template_name_or_list: str | Template | list[str | Template], **context: t.Any
) -> Iterator[str]:
    """Render a template from a file piece by piece, while the pieces are sent.

    The request and session stay at hand until the end. A session changed while rendering is not
    saved, as the headers are gone by then.

    Args:
        template_name_or_list: As for ``render_template``.
        context: The variables the template sees.

    Returns:
        An iterator of text to return from a view, or an awaitable of it where ``render_template``
        would give one.

    Raises:
        TemplateNotFound: There is no such template, or none of the list.
    """
    app = app_ctx.app
    template = app.jinja_env.get_or_select_template(template_name_or_list)
    return _stream(app, template, context)


def stream_template_string(source: str, **context: t.Any) -> Iterator[str]:
    """Render a template given as text piece by piece, while the pieces are sent.

    Args:
        source: The template. HTML is escaped in what it inserts.
        context: The variables the template sees.

    Returns:
        An iterator of text as ``stream_template`` gives it.
    """
    app = app_ctx.app
    return _stream(app, app.jinja_env.from_string(source), context)
