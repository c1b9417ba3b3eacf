"""El límite de contraseñas erróneas, por cada puerta."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command

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


@pytest.fixture
def tras_un_proxy(settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}


def desde(escrita):
    return {"headers": {"X-Forwarded-For": escrita}}


UN_CLIENTE = {
    "con_puerto": ["203.0.113.7:50001", "203.0.113.7:50002", "203.0.113.7", " 203.0.113.7 "],
    "ipv6_con_puerto": ["[2001:db8::7]:443", "[2001:db8::7]:444", "[2001:db8::7]", "2001:DB8:0::7"],
    "ipv4_en_ipv6": ["::ffff:203.0.113.7", "[::ffff:203.0.113.7]:443", "::FFFF:cb00:7107", "203.0.113.7"],
    "con_zona": ["fe80::7%eth0", "fe80::7%25eth1", "[fe80::7%eth0]:443", "fe80::7"],
    "entre_comillas": ['"[2001:db8::7]:443"', '"2001:db8::7"'],
    "una_red": ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:0:ffff:ffff:ffff:ffff", "[2001:db8::2]:80"],
}
OTRO_CLIENTE = {
    "con_puerto": "203.0.113.8:50001",
    "ipv6_con_puerto": "[2001:db8:0:1::7]:443",
    "ipv4_en_ipv6": "::ffff:203.0.113.8",
    "con_zona": "[2001:db8:0:1::7%eth0]:443",
    "entre_comillas": '"[2001:db8:0:1::7]:443"',
    "una_red": "2001:db8:0:1::1",
}


@pytest.mark.parametrize("caso", UN_CLIENTE)
@pytest.mark.parametrize("puerta", PUERTAS)
def test_un_cliente_es_el_mismo_escriba_el_proxy_como_escriba_su_direccion(
    client, administrador, tras_un_proxy, puerta, caso
):
    for i in range(settings.AXES_FAILURE_LIMIT):
        puerta(client, "mala", **desde(UN_CLIENTE[caso][i % len(UN_CLIENTE[caso])]))
    assert puerta(client, CLAVE, **desde(UN_CLIENTE[caso][0])).status_code == 429
    assert puerta(client, CLAVE, **desde(OTRO_CLIENTE[caso])).status_code in (200, 302)


def rociar(client, puerta, cuantas, extra=lambda i: {}):
    """Un fallo con cada una de tantas cuentas distintas."""
    return [puerta(client, "mala", correo=f"cuenta{i}@example.com", **extra(i)).status_code for i in range(cuantas)]


@pytest.mark.parametrize("puerta", PUERTAS)
def test_probar_muchas_cuentas_desde_una_direccion_la_bloquea(client, administrador, puerta):
    respuestas = rociar(client, puerta, 60, lambda i: {"headers": {"User-Agent": f"navegador {i % 7}"}})
    assert set(respuestas[:49]) <= {200, 401}
    assert set(respuestas[49:]) == {429}
    for otra in PUERTAS:
        respuesta = otra(client, CLAVE)
        assert respuesta.status_code == 429
        assert "Demasiadas contraseñas erróneas desde su dirección. Espere 15 minutos" in respuesta.content.decode()
        assert 880 < int(respuesta["Retry-After"]) <= 900
        assert otra(client, CLAVE, REMOTE_ADDR="203.0.113.7").status_code in (200, 302)


def test_por_varias_puertas_se_cuenta_junto(client, administrador):
    for i in range(50):
        PUERTAS[i % 3](client, "mala", correo=f"cuenta{i}@example.com")
    assert por_la_api(client, CLAVE).status_code == 429


def test_cambiar_de_direccion_dentro_de_una_red_ipv6_no_da_mas_intentos(client, administrador):
    respuestas = rociar(client, por_la_api, 60, lambda i: {"REMOTE_ADDR": f"2001:db8::{i:x}:1"})
    assert respuestas[49:] == [429] * 11
    assert por_la_api(client, CLAVE, REMOTE_ADDR="2001:db8::aaaa").status_code == 429
    assert por_la_api(client, CLAVE, REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


def test_una_oficina_de_despistados_no_se_bloquea(client, administrador):
    assert set(rociar(client, por_la_api, 20)) == {401}
    assert set(rociar(client, por_la_api, 20)) == {401}
    assert por_la_api(client, CLAVE).status_code == 200


def test_entrar_con_una_cuenta_no_borra_los_fallos_de_las_demas(client, administrador):
    for i in range(50):
        por_la_api(client, "mala", correo=f"cuenta{i}@example.com")
        por_la_api(client, CLAVE)
    assert AccessAttempt.objects.count() == 50
    assert por_la_api(client, CLAVE).status_code == 429


def test_la_direccion_se_libera_cuando_dejan_de_contar_los_primeros_fallos(client, administrador):
    rociar(client, por_la_api, 50)
    primero = AccessAttempt.objects.get(username="cuenta0@example.com")
    AccessAttempt.objects.filter(pk=primero.pk).update(attempt_time=primero.attempt_time - timedelta(minutes=14))
    respuesta = por_la_api(client, CLAVE)
    assert respuesta.status_code == 429
    assert 40 < int(respuesta["Retry-After"]) <= 60
    AccessAttempt.objects.filter(pk=primero.pk).update(attempt_time=primero.attempt_time - timedelta(minutes=16))
    assert por_la_api(client, CLAVE).status_code == 200


def test_un_bloqueo_no_se_alarga_porque_la_direccion_tambien_lo_este(client, administrador):
    agotar(client, por_la_api)
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=14))
    rociar(client, por_la_api, 45)
    respuesta = por_la_api(client, CLAVE)
    assert "desde su dirección" in respuesta.json()["detail"]
    assert 40 < int(respuesta["Retry-After"]) <= 60


def test_atacar_una_cuenta_desde_muchas_direcciones_no_deja_fuera_a_su_dueno(client, administrador):
    for i in range(120):
        por_la_api(client, "mala", REMOTE_ADDR=f"198.51.100.{i}")
    assert por_la_api(client, CLAVE, REMOTE_ADDR="203.0.113.7").status_code == 200


def test_bloqueada_no_gasta_procesador_en_comprobar_la_contrasena(client, administrador, monkeypatch):
    rociar(client, por_la_api, 50)
    comprobadas = []
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.verify", lambda *a: comprobadas.append(a))
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", lambda *a: comprobadas.append(a))
    for puerta in PUERTAS:
        assert puerta(client, CLAVE).status_code == 429
    assert comprobadas == []


@pytest.mark.parametrize("orden", [["axes_reset"], ["axes_reset_username", "ADMIN@Example.com"]])
def test_un_comando_desbloquea_la_cuenta(client, administrador, capsys, orden):
    agotar(client, por_la_api)
    call_command(*orden)
    assert por_la_api(client, CLAVE).status_code == 200


@pytest.mark.parametrize(
    ("origen", "escrita"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8::1", "2001:db8::7"), ("::ffff:203.0.113.7", "203.0.113.7")],
)
def test_un_comando_desbloquea_la_direccion(client, administrador, capsys, origen, escrita):
    rociar(client, por_la_api, 50, lambda _: {"REMOTE_ADDR": origen})
    assert por_la_api(client, CLAVE, REMOTE_ADDR=origen).status_code == 429
    call_command("axes_reset_ip", escrita)
    assert por_la_api(client, CLAVE, REMOTE_ADDR=origen).status_code == 200


def test_lo_que_se_apunta_de_un_correo_no_manda_en_el_terminal(client, db, capsys):
    por_la_api(client, "mala", correo="a\x1b[31m\nb\u202e@example.com")
    call_command("axes_list_attempts")
    assert capsys.readouterr().out == "127.0.0.1\ta\\x1b[31m\\nb\\u202e@example.com\t1\n"
