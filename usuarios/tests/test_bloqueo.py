"""El límite de contraseñas erróneas, por cada puerta."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session

from usuarios.models import Usuario

pytestmark = pytest.mark.django_db

CORREO, CLAVE = "admin@example.com", "clave-de-admin"


def por_la_api(client, clave, correo=CORREO, **extra):
    return client.post("/api/v1/token", {"email": correo, "password": clave}, "application/json", **extra)


def por_la_api_con_formulario(client, clave, correo=CORREO, **extra):
    return client.post("/api/v1/token", {"email": correo, "password": clave}, **extra)


def por_la_administracion(client, clave, correo=CORREO, **extra):
    return client.post("/admin/login/", {"username": correo, "password": clave}, **extra)


PUERTAS = [por_la_api, por_la_api_con_formulario, por_la_administracion]


def agotar(client, puerta, **extra):
    respuestas = [puerta(client, "mala", **extra) for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert {r.status_code for r in respuestas[:-1]} <= {200, 401}
    return respuestas[-1]


@pytest.mark.parametrize("puerta", PUERTAS)
def test_tras_cinco_errores_responde_429_con_un_mensaje_claro(client, administrador, puerta):
    agotar(client, puerta)
    respuesta = puerta(client, "mala")
    assert respuesta.status_code == 429
    assert "Demasiadas contraseñas erróneas. Espere 15 minutos" in respuesta.content.decode()
    assert 880 < int(respuesta["Retry-After"]) <= 900
    assert respuesta["Content-Type"].startswith("text/html" if puerta is por_la_administracion else "application/json")


@pytest.mark.parametrize("puerta", PUERTAS)
def test_bloqueada_no_entra_ni_con_la_contrasena_buena_por_ninguna_puerta(client, administrador, puerta):
    agotar(client, puerta)
    for otra in PUERTAS:
        assert otra(client, CLAVE).status_code == 429


@pytest.mark.parametrize("puerta", PUERTAS)
def test_cambiar_las_mayusculas_del_correo_no_da_mas_intentos(client, administrador, puerta):
    agotar(client, puerta)
    assert puerta(client, CLAVE, correo="ADMIN@Example.com").status_code == 429


@pytest.mark.parametrize("puerta", PUERTAS)
@pytest.mark.parametrize("parecido", ["admın@example.com", "ADMİN@example.com", "admin@example.com\u200b"])
def test_un_correo_que_solo_se_parece_no_es_la_misma_cuenta(client, administrador, puerta, parecido):
    assert puerta(client, CLAVE, correo=parecido).status_code in (200, 400, 401)
    assert "_auth_user_id" not in client.session
    Usuario.objects.create_user(parecido)  # ni molesta a quien sí la tiene
    assert puerta(client, CLAVE).status_code in (200, 302)


@pytest.mark.parametrize("puerta", PUERTAS)
def test_cambiar_de_navegador_no_da_mas_intentos(client, administrador, puerta):
    for i in range(settings.AXES_FAILURE_LIMIT):
        puerta(client, "mala", headers={"User-Agent": f"navegador {i}"})
    assert puerta(client, CLAVE, headers={"User-Agent": "otro"}).status_code == 429


@pytest.mark.parametrize("puerta", PUERTAS)
def test_el_dueno_de_la_cuenta_entra_desde_otra_direccion(client, administrador, puerta):
    agotar(client, puerta)
    assert puerta(client, CLAVE, REMOTE_ADDR="203.0.113.7").status_code in (200, 302)


@pytest.mark.parametrize("puerta", PUERTAS)
def test_otra_cuenta_de_la_misma_direccion_no_se_bloquea(client, administrador, puerta):
    Usuario.objects.create_user("otra@example.com", "su-clave", is_staff=True)
    agotar(client, puerta)
    assert puerta(client, "su-clave", correo="otra@example.com").status_code in (200, 302)


@pytest.mark.parametrize("puerta", PUERTAS)
def test_entrar_bien_pone_los_errores_a_cero(client, administrador, puerta):
    for _ in range(3):
        for _ in range(settings.AXES_FAILURE_LIMIT - 1):
            puerta(client, "mala")
        assert puerta(client, CLAVE).status_code in (200, 302)


def test_el_bloqueo_se_pasa_a_los_quince_minutos_aunque_se_siga_intentando(client, administrador):
    agotar(client, por_la_api)
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=14))
    respuesta = por_la_api(client, "mala")
    assert respuesta.status_code == 429
    assert "Espere 1 minuto y" in respuesta.json()["detail"]
    assert 40 < int(respuesta["Retry-After"]) <= 60
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=2))
    assert por_la_api(client, CLAVE).status_code == 200


def test_pedir_un_token_no_abre_una_sesion(client, administrador):
    respuesta = por_la_api(client, CLAVE)
    assert not respuesta.cookies
    assert not Session.objects.exists()


def test_la_contrasena_no_queda_escrita_en_los_intentos(client, administrador):
    por_la_api_con_formulario(client, "secreta-pero-mala")
    por_la_administracion(client, "secreta-pero-mala")
    guardado = str(list(AccessAttempt.objects.values()))
    assert "admin@example.com" in guardado
    assert "secreta-pero-mala" not in guardado


def test_sin_proxies_no_se_cree_la_cabecera_de_quien_llama(client, administrador):
    for i in range(settings.AXES_FAILURE_LIMIT):
        por_la_api(client, "mala", headers={"X-Forwarded-For": f"203.0.113.{i}"})
    assert por_la_api(client, CLAVE).status_code == 429


def test_con_un_proxy_la_direccion_es_la_que_el_anade(client, administrador, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    for i in range(settings.AXES_FAILURE_LIMIT):
        por_la_api(client, "mala", headers={"X-Forwarded-For": f"198.51.100.{i}, 203.0.113.7"})
    assert AccessAttempt.objects.get().ip_address == "203.0.113.7"
    assert por_la_api(client, CLAVE, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 429
    assert por_la_api(client, CLAVE, headers={"X-Forwarded-For": "203.0.113.8"}).status_code == 200


def test_una_direccion_ilegible_no_rompe_nada(client, administrador, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    assert por_la_api(client, "mala", headers={"X-Forwarded-For": "unknown"}).status_code == 401
    assert por_la_api(client, "mala", REMOTE_ADDR="").status_code == 401
