"""Lo que puede cargar una página (Content-Security-Policy): solo lo de este sitio, y nada escrito dentro."""

import pytest

PAGINAS = ["/admin/login/", "/admin/", "/admin/llamadas/llamada/", "/api/docs", "/no/existe"]


@pytest.mark.parametrize("ruta", PAGINAS)
def test_ninguna_pagina_ejecuta_ni_pinta_lo_que_lleve_escrito_dentro(con_sesion, ruta):
    politica = con_sesion.get(ruta)["Content-Security-Policy"]
    directivas = dict(directiva.strip().split(" ", 1) for directiva in politica.split(";"))
    assert directivas["default-src"] == directivas["frame-ancestors"] == "'none'"
    assert directivas["script-src"] == "'self'"
    assert "unsafe" not in politica
    assert "http" not in politica


def test_el_icono_existe(con_sesion):
    respuesta = con_sesion.get("/favicon.ico", follow=True)
    assert respuesta.status_code == 200
    assert respuesta["Content-Type"] == "image/svg+xml"
