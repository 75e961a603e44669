"""Flask's name for :mod:`dualapp.core.scaffold`."""

from __future__ import annotations

from ..core.packages import _import_folder as _find_package_path  # noqa: F401
from ..core.packages import find_package as find_package
from ..core.scaffold import F as F
from ..core.scaffold import Scaffold as Scaffold
from ..core.scaffold import T_after_request as T_after_request
from ..core.scaffold import T_before_request as T_before_request
from ..core.scaffold import T_error_handler as T_error_handler
from ..core.scaffold import T_route as T_route
from ..core.scaffold import T_teardown as T_teardown
from ..core.scaffold import T_template_context_processor as T_template_context_processor
from ..core.scaffold import T_url_defaults as T_url_defaults
from ..core.scaffold import T_url_value_preprocessor as T_url_value_preprocessor
from ..core.scaffold import _endpoint_from_view_func as _endpoint_from_view_func
from ..core.scaffold import _sentinel as _sentinel
from ..core.scaffold import setupmethod as setupmethod
