"""Flask's name for :class:`dualapp.core.application.Application`."""

from __future__ import annotations

import typing as t

from .. import typing as ft
from ..blueprints import T_template_filter as T_template_filter
from ..blueprints import T_template_global as T_template_global
from ..blueprints import T_template_test as T_template_test
from ..core.application import Application as App  # noqa: F401
from ..core.application import _as_timedelta as _make_timedelta  # noqa: F401
from ..core.scaffold import T_teardown as T_teardown

T_shell_context_processor = t.TypeVar(
    "T_shell_context_processor", bound=ft.ShellContextProcessorCallable
)
