"""Cambiar las claves sin que nadie tenga que volver a entrar."""

import secrets

import jwt
import pytest
from django.conf import settings as de_siempre

from .test_tokens import exportar, pedir, renovar

pytestmark = pytest.mark.django_db

NUEVA, ANTERIOR, OTRA = (secrets.token_urlsafe(64) for _ in range(3))


def con_la_clave(token, clave):
    """El mismo token, firmado con otra."""
    return jwt.encode(jwt.decode(token, options={"verify_signature": False}), clave, algorithm="HS256")


@pytest.mark.parametrize("anteriores", [[ANTERIOR], [OTRA, ANTERIOR]])
def test_los_tokens_firmados_con_una_clave_anterior_siguen_valiendo(client, administrador, settings, anteriores):
    settings.JWT_SIGNING_KEY_ANTERIORES = anteriores
    tokens = {cual: con_la_clave(token, ANTERIOR) for cual, token in pedir(client).json().items()}
    assert exportar(client, tokens["access"]).status_code == 200
    renovados = renovar(client, tokens["refresh"]).json()
    for token in renovados.values():  # y los que salen de ellos se firman con la de ahora
        jwt.decode(token, de_siempre.SIMPLE_JWT["SIGNING_KEY"], algorithms=["HS256"])
    assert renovar(client, tokens["refresh"]).status_code == 401  # sigue valiendo una sola vez


def test_los_firmados_con_una_clave_que_ya_no_esta_en_la_lista_no_valen(client, administrador, settings):
    settings.JWT_SIGNING_KEY_ANTERIORES = [OTRA]
    tokens = {cual: con_la_clave(token, ANTERIOR) for cual, token in pedir(client).json().items()}
    assert exportar(client, tokens["access"]).status_code == 401
    assert renovar(client, tokens["refresh"]).status_code == 401


def test_las_sesiones_siguen_abiertas_al_cambiar_secret_key(con_sesion, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NUEVA, [settings.SECRET_KEY]
    assert con_sesion.get("/admin/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert con_sesion.get("/admin/").status_code == 200  # ya se ha vuelto a firmar con la nueva


def test_las_sesiones_se_cierran_si_la_anterior_no_esta_en_la_lista(con_sesion, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NUEVA, [OTRA]
    assert con_sesion.get("/admin/").status_code == 302
