"""«¿Olvidó su contraseña?», con un servidor de correo de verdad."""

import re
from concurrent.futures import wait
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.test.utils import override_script_prefix

from llamadas.tests.receptores import Buzon
from usuarios import olvido
from usuarios.models import Usuario

pytestmark = pytest.mark.django_db(transaction=True)

PEDIR, ENTRADA, EXPORTAR = "/admin/olvido/", "/admin/login/", "/api/v1/llamadas/exportar"
NUEVA = {"new_password1": "frase-larga-77", "new_password2": "frase-larga-77"}


@pytest.fixture
def buzon(settings):
    with Buzon() as buzon:
        buzon.recibir_los_de(settings)
        yield buzon


def pedir(correo, client=None, **extra):
    """Lo pide, y espera a que el cartero acabe con lo que tenga encargado."""
    respuesta = (client or Client()).post(PEDIR, {"email": correo}, **extra)
    wait([olvido.CARTERO.submit(lambda: None)])
    return respuesta


def enlace_de(mensaje):
    return re.search(r"http\S+/admin/olvido/\S+", mensaje.get_content())[0]


def abrir(enlace, client=None):
    """La página del enlace, y la dirección sin secretos en que se queda."""
    respuesta = (client or Client()).get(urlsplit(enlace).path, follow=True)
    return respuesta, respuesta.redirect_chain[-1][0] if respuesta.redirect_chain else ""


def elegir(enlace, datos=NUEVA):
    navegador = Client()
    _, formulario = abrir(enlace, navegador)
    return navegador.post(formulario, datos)


def entrar(clave, **extra):
    return Client().post(ENTRADA, {"username": "admin@example.com", "password": clave}, **extra).status_code


def tokens(clave):
    credenciales = {"email": "admin@example.com", "password": clave}
    return Client().post("/api/v1/token", credenciales, "application/json").json()


def exportar(token):
    return Client().get(EXPORTAR, headers={"Authorization": f"Bearer {token}"}).status_code


def test_del_correo_a_la_contrasena_nueva(client, administrador, buzon):
    assert 'href="/admin/olvido/"' in client.get(ENTRADA).content.decode()
    respuesta = pedir("ADMIN@example.com", client, REMOTE_ADDR="203.0.113.7")
    assert respuesta.headers["Location"] == "/admin/olvido/pedido/"
    assert "le llegará en unos minutos" in client.get(respuesta.headers["Location"]).content.decode()

    (mensaje,) = buzon.mensajes
    assert buzon.destinatarios == ["admin@example.com"]
    assert mensaje["Subject"] == "Elija otra contraseña para Discador"
    assert mensaje["From"] == "Discador <discador@example.com>"
    assert mensaje["Auto-Submitted"] == "auto-generated"
    for dicho in ("203.0.113.7", "admin@example.com", "vale una vez y durante una hora"):
        assert dicho in mensaje.get_content()
    enlace = enlace_de(mensaje)
    assert enlace.startswith("http://testserver/admin/olvido/")

    pagina, formulario = abrir(enlace, client)
    assert "Elija otra contraseña" in pagina.content.decode()
    assert formulario.endswith("/set-password/")  # el secreto ya no está en la dirección
    hecho = client.post(formulario, NUEVA, follow=True)
    assert "Ya puede entrar con la contraseña nueva" in hecho.content.decode()
    assert entrar("clave-de-admin") == 200
    assert entrar("frase-larga-77") == 302
    apunte = LogEntry.objects.get()
    assert (apunte.user, apunte.object_id) == (administrador, str(administrador.pk))
    assert apunte.change_message == "Eligió otra contraseña con el enlace que se le envió, desde 127.0.0.1."


def test_las_sesiones_y_los_tokens_de_antes_mueren(administrador, buzon):
    antes, navegador = tokens("clave-de-admin"), Client()
    navegador.post(ENTRADA, {"username": "admin@example.com", "password": "clave-de-admin"})
    assert exportar(antes["access"]) == navegador.get("/admin/").status_code == 200
    pedir("admin@example.com")
    assert exportar(antes["access"]) == navegador.get("/admin/").status_code == 200  # pedirlo no cambia nada
    assert elegir(enlace_de(buzon.mensajes[0])).status_code == 302
    assert exportar(antes["access"]) == 401
    renovado = Client().post("/api/v1/token/refresh", {"refresh": antes["refresh"]}, "application/json")
    assert renovado.status_code == 401
    assert navegador.get("/admin/").status_code == 302
    assert exportar(tokens("frase-larga-77")["access"]) == 200


def usarlo(enlace, usuario):
    elegir(enlace)


def usar_otro(enlace, usuario):
    pedir(usuario.email)
    assert elegir(enlace).status_code == 302


def entrar_despues(enlace, usuario):
    Usuario.objects.filter(pk=usuario.pk).update(last_login=datetime.fromisoformat("2026-01-01T00:00:00Z"))


def darle_de_baja(enlace, usuario):
    Usuario.objects.filter(pk=usuario.pk).update(is_active=False)


def darle_de_baja_y_de_alta(enlace, usuario):
    Usuario.objects.filter(pk=usuario.pk).update(is_active=False)
    Usuario.objects.filter(pk=usuario.pk).update(is_active=True)


def cambiarle_el_correo(enlace, usuario):
    Usuario.objects.filter(pk=usuario.pk).update(email="otro@example.com")


@pytest.mark.parametrize(
    "suceso", [usarlo, usar_otro, entrar_despues, darle_de_baja, darle_de_baja_y_de_alta, cambiarle_el_correo]
)
def test_el_enlace_deja_de_valer(administrador, buzon, suceso):
    pedir("admin@example.com")
    enlace = enlace_de(buzon.mensajes[0])
    suceso(enlace, administrador)
    antes = Usuario.objects.get(pk=administrador.pk).password
    pagina, formulario = abrir(enlace)
    assert "Este enlace ya no vale" in pagina.content.decode()
    assert "Pedir otro enlace" in pagina.content.decode()
    assert formulario == ""
    assert Usuario.objects.get(pk=administrador.pk).password == antes


def test_vale_aunque_al_copiarlo_se_pierda_la_barra_final(administrador, buzon):
    pedir("admin@example.com")
    assert elegir(enlace_de(buzon.mensajes[0]).removesuffix("/")).status_code == 302
    assert entrar("frase-larga-77") == 302


def test_una_pagina_que_se_quedo_abierta_tampoco_vale_dos_veces(administrador, buzon):
    pedir("admin@example.com")
    enlace = enlace_de(buzon.mensajes[0])
    navegador = Client()
    _, formulario = abrir(enlace, navegador)
    elegir(enlace)
    otra = {"new_password1": "otra-frase-larga-78", "new_password2": "otra-frase-larga-78"}
    assert "Este enlace ya no vale" in navegador.post(formulario, otra).content.decode()
    assert entrar("frase-larga-77") == 302


def test_vale_una_hora(administrador, buzon, monkeypatch):
    pedir("admin@example.com")
    enlace = enlace_de(buzon.mensajes[0])
    emitido = datetime.now()
    monkeypatch.setattr(olvido.Enlaces, "_now", lambda _: emitido + timedelta(minutes=59))
    assert "Elija otra contraseña" in abrir(enlace)[0].content.decode()
    monkeypatch.setattr(olvido.Enlaces, "_now", lambda _: emitido + timedelta(minutes=61))
    assert "Este enlace ya no vale" in abrir(enlace)[0].content.decode()


@pytest.mark.parametrize("ruta", ["MQ/x-y/", "MQ/set-password/", "!!/ñ/", "OTk5OTk5/cabc-0123456789abcdef/", "_w/a-b/"])
def test_un_enlace_inventado_no_rompe_nada(client, administrador, buzon, ruta):
    respuesta = client.get(f"{PEDIR}{ruta}")
    assert respuesta.status_code == 200
    assert "Este enlace ya no vale" in respuesta.content.decode()
    client.post(f"{PEDIR}{ruta}", NUEVA)
    assert entrar("clave-de-admin") == 302


def test_la_contrasena_nueva_cumple_las_normas(administrador, buzon):
    pedir("admin@example.com")
    enlace = enlace_de(buzon.mensajes[0])
    respuesta = elegir(enlace, {"new_password1": "12345678", "new_password2": "12345678"})
    assert respuesta.status_code == 200
    assert entrar("clave-de-admin") == 302


def sin_cuenta(_):
    return "nadie@example.com"


def de_baja(administrador):
    administrador.is_active = False
    administrador.save()
    return administrador.email


def sin_contrasena(administrador):
    administrador.set_unusable_password()
    administrador.save()
    return administrador.email


def que_se_parece(_):
    return "admın@example.com"


@pytest.mark.parametrize("caso", [sin_cuenta, de_baja, sin_contrasena])
def test_a_quien_no_puede_entrar_no_se_le_envia_y_se_responde_lo_mismo(administrador, agente, buzon, caso):
    con_cuenta = pedir(agente.email)
    assert len(buzon.mensajes) == 1
    sin_ella = pedir(caso(administrador))
    assert len(buzon.mensajes) == 1
    de_uno, del_otro = ((una.status_code, dict(una.headers), una.content) for una in (con_cuenta, sin_ella))
    assert de_uno == del_otro
    assert con_cuenta.cookies == sin_ella.cookies


def test_un_correo_que_solo_se_parece_no_recibe_el_de_otro(administrador, buzon):
    pedir(que_se_parece(administrador))
    assert buzon.mensajes == []


def test_se_responde_sin_esperar_al_correo_ni_mirar_si_hay_cuenta(
    administrador, buzon, monkeypatch, django_assert_num_queries
):
    encargados = []
    monkeypatch.setattr(
        olvido, "CARTERO", type("", (), {"submit": lambda _, *encargo, **__: encargados.append(encargo)})()
    )
    for correo in ("admin@example.com", "nadie@example.com"):
        with django_assert_num_queries(0):
            assert Client().post(PEDIR, {"email": correo}).status_code == 302
    assert len(encargados) == 2


def test_si_el_servidor_de_correo_falla_no_se_nota_y_queda_en_el_registro(administrador, buzon, caplog):
    buzon.respuestas = ["550 no"]
    con_cuenta = pedir("admin@example.com")
    assert con_cuenta.status_code == 302
    assert buzon.mensajes == []
    assert "No se ha podido enviar el enlace" in caplog.text
    pedir("admin@example.com")
    assert len(buzon.mensajes) == 1  # y el siguiente sí sale


def test_una_cuenta_recibe_como_mucho_tres_por_hora_y_no_se_dice(administrador, buzon):
    respuestas = [pedir("admin@example.com", REMOTE_ADDR=f"203.0.113.{i}") for i in range(5)]
    assert {respuesta.status_code for respuesta in respuestas} == {302}
    assert len(buzon.mensajes) == 3
    pedir("Admin@example.com", REMOTE_ADDR="203.0.113.99")
    assert len(buzon.mensajes) == 3


def test_desde_una_direccion_se_pide_como_mucho_veinte_veces_por_hora(administrador, buzon):
    for i in range(20):
        assert pedir(f"cuenta{i}@example.com").status_code == 302
    respuesta = pedir("admin@example.com")
    assert respuesta.status_code == 429
    assert 3500 < int(respuesta["Retry-After"]) <= 3600
    assert re.search(r"Espere \d+ minutos y vuelva a intentarlo\.", respuesta.content.decode())
    assert buzon.mensajes == []
    assert pedir("admin@example.com", REMOTE_ADDR="203.0.113.7").status_code == 302
    assert len(buzon.mensajes) == 1


def test_elegir_otra_desbloquea_la_cuenta_y_pedirla_no(administrador, buzon):
    for _ in range(5):
        entrar("mala")
    bloqueada = Client().post(ENTRADA, {"username": "admin@example.com", "password": "clave-de-admin"})
    assert bloqueada.status_code == 429
    assert 'href="/admin/olvido/"' in bloqueada.content.decode()
    pedir("admin@example.com")
    assert entrar("clave-de-admin") == 429
    elegir(enlace_de(buzon.mensajes[0]))
    assert entrar("frase-larga-77") == 302


def test_el_enlace_lleva_el_prefijo_del_sitio_y_su_protocolo(administrador, buzon):
    with override_script_prefix("/discador/"):
        pedir("admin@example.com", secure=True)
    assert enlace_de(buzon.mensajes[0]).startswith("https://testserver/discador/admin/olvido/")


def test_por_un_nombre_que_no_es_el_del_sitio_no_se_envia_nada(administrador, buzon):
    assert pedir("admin@example.com", headers={"Host": "malo.example.com"}).status_code == 400
    assert buzon.mensajes == []


@pytest.mark.parametrize("correo", ["", "no es un correo", "a\0b@example.com", "a" * 300 + "@example.com"])
def test_lo_que_no_es_un_correo_se_dice(administrador, buzon, correo):
    respuesta = pedir(correo)
    assert respuesta.status_code == 200
    assert respuesta.context["form"].errors["email"]


@pytest.mark.parametrize("destino", ["console", "filebased", "dummy"])
def test_si_los_correos_no_llegan_a_nadie_no_se_ofrece(client, administrador, settings, destino):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{destino}.EmailBackend"
    pagina = client.get(ENTRADA).content.decode()
    assert "/admin/olvido/" not in pagina
    assert "Pida otra a un superusuario" in pagina
    assert client.get(PEDIR).status_code == client.post(PEDIR, {"email": "admin@example.com"}).status_code == 404
