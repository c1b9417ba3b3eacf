"""Cómo se guardan las contraseñas."""

import pytest
from django.contrib.auth.hashers import make_password

from discador.settings import PASSWORD_HASHERS
from usuarios.models import Usuario

pytestmark = pytest.mark.django_db

ARGON2ID = "argon2$argon2id$v=19$m=19456,t=2,p=1$"


@pytest.fixture(autouse=True)
def _las_de_verdad(settings):
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS


def test_con_argon2id_como_recomienda_owasp():
    usuario = Usuario.objects.create_user("ana@example.com", "una-clave-larga")
    assert usuario.password.startswith(ARGON2ID)
    assert usuario.check_password("una-clave-larga")
    assert not usuario.check_password("otra-clave-larga")


def test_quien_la_tenia_de_antes_entra_con_ella_y_se_le_guarda_de_nuevo(client):
    antigua = make_password("una-clave-larga", hasher="pbkdf2_sha256")
    ana = Usuario.objects.create(email="ana@example.com", password=antigua)
    credenciales = {"email": "ana@example.com", "password": "una-clave-larga"}
    respuesta = client.post("/api/v1/token", credenciales)
    ana.refresh_from_db()
    assert respuesta.status_code == 200
    assert ana.password.startswith(ARGON2ID)
    renovado = client.post("/api/v1/token/refresh", {"refresh": respuesta.json()["refresh"]})
    assert renovado.status_code == 200
