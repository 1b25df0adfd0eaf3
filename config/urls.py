"""Every address: pages, the REST interface and its schema, administration."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView

from annotation.review.charts import shown as charts_shown
from annotation.web.preferences import PasswordChange, own_settings
from annotation.web.styleguide import styleguide
from annotation.web.views import home
from config.views import health

# Redoc writes its styles into the page and searches in a worker of its own making; no other page may do either.
_docs = csp_update({"style-src": [SELF, UNSAFE_INLINE], "worker-src": [SELF, "blob:"]})(
    SpectacularRedocView.as_view(url_name="schema")
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("annotation.api.urls")),  # first: what is asked most is found at once
    path("", home, name="home"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("settings/", own_settings, name="settings"),
    path("settings/password/", PasswordChange.as_view(), name="password"),
    path("", include("annotation.urls")),
    path("", include("modelgen.web.urls")),
    path("api/schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path("api/docs/", _docs, name="docs"),
    path("styleguide/", styleguide, {"charts": charts_shown.examples}, name="styleguide"),
    path("health/", health, name="health"),
    path("admin/", admin.site.urls),
]

handler400 = "config.views.refused"
handler404 = "config.views.missing"
handler500 = "config.views.broken"
