"""Las direcciones del sitio, que están en correos ya enviados, en programas de otros y en marcadores: no cambian."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

APLICACIONES = ("admin/llamadas/", "admin/olvido/", "admin/usuarios/", "api/")

RUTAS = r"""
admin/llamadas/aviso/ llamadas_aviso_changelist
admin/llamadas/aviso/<path:object_id>/ None
admin/llamadas/aviso/<path:object_id>/change/ llamadas_aviso_change
admin/llamadas/aviso/<path:object_id>/delete/ llamadas_aviso_delete
admin/llamadas/aviso/<path:object_id>/history/ llamadas_aviso_history
admin/llamadas/aviso/<uuid:pk>/reenviar/ llamadas_aviso_reenviar
admin/llamadas/aviso/add/ llamadas_aviso_add
admin/llamadas/exportacion/ llamadas_exportacion_changelist
admin/llamadas/exportacion/<path:object_id>/ None
admin/llamadas/exportacion/<path:object_id>/change/ llamadas_exportacion_change
admin/llamadas/exportacion/<path:object_id>/delete/ llamadas_exportacion_delete
admin/llamadas/exportacion/<path:object_id>/history/ llamadas_exportacion_history
admin/llamadas/exportacion/<uuid:pk>/cancelar/ llamadas_exportacion_cancelar
admin/llamadas/exportacion/<uuid:pk>/repetir/ llamadas_exportacion_repetir
admin/llamadas/exportacion/add/ llamadas_exportacion_add
admin/llamadas/llamada/ llamadas_llamada_changelist
admin/llamadas/llamada/<path:object_id>/ None
admin/llamadas/llamada/<path:object_id>/change/ llamadas_llamada_change
admin/llamadas/llamada/<path:object_id>/delete/ llamadas_llamada_delete
admin/llamadas/llamada/<path:object_id>/history/ llamadas_llamada_history
admin/llamadas/llamada/add/ llamadas_llamada_add
admin/llamadas/llamada/agentes/ llamadas_llamada_agentes
admin/llamadas/llamada/exportar/ llamadas_llamada_exportar
admin/llamadas/llamada/informe/ llamadas_llamada_informe
admin/olvido/ olvido
admin/olvido/^(?P<uidb64>[^/]+)/(?P<token>[^/]+)/?$ olvido-elegir
admin/olvido/hecho/ olvido-hecho
admin/olvido/pedido/ olvido-pedido
admin/usuarios/usuario/ usuarios_usuario_changelist
admin/usuarios/usuario/<int:pk>/desbloquear/ usuarios_usuario_desbloquear
admin/usuarios/usuario/<id>/password/ auth_user_password_change
admin/usuarios/usuario/<path:object_id>/ None
admin/usuarios/usuario/<path:object_id>/change/ usuarios_usuario_change
admin/usuarios/usuario/<path:object_id>/delete/ usuarios_usuario_delete
admin/usuarios/usuario/<path:object_id>/history/ usuarios_usuario_history
admin/usuarios/usuario/add/ usuarios_usuario_add
admin/usuarios/usuario/direcciones/desbloquear/ usuarios_usuario_desbloquear_direccion
api/v1/^llamadas/(?P<pk>[0-9]{1,19})/?$ llamada
api/v1/^llamadas/?$ llamadas
api/v1/^llamadas/exportaciones/(?P<pk>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/?$ exportacion
api/v1/^llamadas/exportaciones/(?P<pk>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/archivo/?$ archivo
api/v1/^llamadas/exportaciones/?$ exportaciones
api/v1/^llamadas/exportar/?$ exportar
api/v1/^llamadas/exportar/estimacion/?$ estimacion
api/v1/^llamadas/resumen/?$ resumen
api/v1/^token/?$ token
api/v1/^token/refresh/?$ token-refresh
"""


def _rutas(resolver: URLResolver, antes: str = "") -> Iterator[str]:
    for patron in resolver.url_patterns:
        ruta = f"{antes}{patron.pattern}"
        if isinstance(patron, URLPattern):
            yield f"{ruta} {patron.name}".strip()
        else:
            yield from _rutas(patron, ruta)


def test_las_direcciones_no_cambian() -> None:
    de_las_nuestras = [ruta for ruta in _rutas(get_resolver()) if ruta.startswith(APLICACIONES)]
    assert sorted(de_las_nuestras) == sorted(RUTAS.strip().splitlines())
