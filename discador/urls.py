"""Las rutas: la administración y la API."""

from csp.decorators import csp_update
from django.contrib import admin
from django.http import Http404
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from usuarios.formularios import EntradaForm
from usuarios.urls import olvido

from .indice import Indice
from .listas import Desplegable
from .paginas import no_encontrada

admin.site.site_header = admin.site.site_title = "Discador"
admin.site.index_title = "Inicio"
admin.site.site_url = None  # no hay otro sitio que ver
admin.site.login_form = EntradaForm
admin.site.enable_nav_sidebar = False  # la barra de secciones, que también está en un teléfono, la sustituye

handler400 = "discador.paginas.erronea"
handler403 = "discador.paginas.sin_permiso"
handler404 = "discador.paginas.no_encontrada"
handler500 = "discador.paginas.fallo"

# Lo único que la página de la referencia lleva escrito dentro: las cuatro líneas de estilo de drf-spectacular.
ESTILO_DE_LA_REFERENCIA = "'sha256-MMpT0iDxyjALd9PdfepImGX3DBfJPXZ4IlDWdPAgtn0='"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("favicon.ico", RedirectView.as_view(url=static("discador/icono.svg"))),
    re_path(r"^admin/r/", no_encontrada, {"exception": Http404()}),  # nada tiene otra página que la suya
    path("admin/autocomplete/", admin.site.admin_view(Desplegable.as_view(admin_site=admin.site))),
    path("admin/olvido/", include(olvido)),
    path("admin/", admin.site.urls),
    re_path(r"^api/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(
        r"^api/docs/?$",
        csp_update({"style-src": ESTILO_DE_LA_REFERENCIA})(SpectacularSwaggerSplitView.as_view()),
        name="docs",
    ),
    re_path(r"^api/v1/?$", Indice.as_view(), name="indice"),
    path("api/v1/", include("usuarios.urls")),
    path("api/v1/", include("llamadas.api.urls")),
]
