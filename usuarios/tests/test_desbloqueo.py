"""Ver quién está bloqueado, y desbloquearlo: un superusuario, y queda escrito."""

import re

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from usuarios.models import Usuario

pytestmark = pytest.mark.django_db

LISTA, ENTRADA = "/admin/usuarios/usuario/", "/admin/login/"


def navegador_de(usuario):
    navegador = Client()
    navegador.force_login(usuario, backend="django.contrib.auth.backends.ModelBackend")
    return navegador


@pytest.fixture
def raiz(superusuario):
    return navegador_de(superusuario)


def entrar(usuario, clave, desde):
    return Client().post(ENTRADA, {"username": usuario.email, "password": clave}, REMOTE_ADDR=desde).status_code


def fallar(usuario, desde, veces=5):
    return [entrar(usuario, "mala", desde) for _ in range(veces)][-1]


def ficha(usuario):
    return f"{LISTA}{usuario.pk}/change/"


def texto(respuesta):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", respuesta.content.decode()))


def test_la_ficha_dice_desde_donde_desde_cuando_y_hasta_cuando(raiz, administrador):
    assert fallar(administrador, "203.0.113.7") == 429
    assert fallar(administrador, "203.0.113.8") == 429
    fallar(administrador, "203.0.113.9", veces=4)
    pagina = texto(raiz.get(ficha(administrador)))
    momento = r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d"
    de_cada_una = re.findall(rf"desde (\S+), entre el {momento} y el {momento} \(5 fallos\)", pagina)
    assert de_cada_una == ["203.0.113.7", "203.0.113.8"]


def test_el_boton_desbloquea_desde_todas_partes_y_queda_escrito(raiz, superusuario, administrador, agente):
    fallar(administrador, "203.0.113.7")
    fallar(administrador, "203.0.113.8")
    fallar(agente, "203.0.113.7")
    respuesta = raiz.post(f"{LISTA}{administrador.pk}/desbloquear/", follow=True)
    assert "Ya puede volver a probar: admin@example.com." in texto(respuesta)
    assert "Desbloquear" not in texto(respuesta)
    for desde in ("203.0.113.7", "203.0.113.8"):
        assert entrar(administrador, "clave-de-admin", desde) == 302
    assert entrar(agente, "clave-de-agente", "203.0.113.7") == 429  # los demás siguen como estaban
    apunte = LogEntry.objects.get()
    assert (apunte.user, apunte.object_id) == (superusuario, str(administrador.pk))
    assert apunte.change_message == (
        "Desbloqueado. No podía entrar desde 203.0.113.7 (5 contraseñas erróneas), "
        "203.0.113.8 (5 contraseñas erróneas)."
    )
    assert "Desbloqueado" in texto(raiz.get(f"{LISTA}{administrador.pk}/history/"))


def test_desbloqueado_vuelve_a_contar_desde_cero(raiz, administrador):
    fallar(administrador, "203.0.113.7")
    raiz.post(f"{LISTA}{administrador.pk}/desbloquear/")
    assert fallar(administrador, "203.0.113.7", veces=4) == 200
    assert entrar(administrador, "mala", "203.0.113.7") == 429


def test_la_lista_dice_quien_lo_esta_y_los_desbloquea(raiz, administrador, agente):
    fallar(administrador, "203.0.113.7")
    fallar(agente, "203.0.113.7")
    assert len(re.findall(r"hasta las \d\d:\d\d", texto(raiz.get(LISTA)))) == 2
    todos = Usuario.objects.values_list("pk", flat=True)
    accion = {"action": "desbloquear_los_elegidos", "_selected_action": list(todos)}
    respuesta = raiz.post(LISTA, accion, follow=True)
    assert "Ya puede volver a probar: admin@example.com, agente@example.com." in texto(respuesta)
    assert "hasta las" not in texto(respuesta)
    assert LogEntry.objects.count() == 2
    assert "No había nada que desbloquear." in texto(raiz.post(LISTA, accion, follow=True))
    assert LogEntry.objects.count() == 2


def test_la_lista_hace_las_mismas_consultas_haya_los_bloqueados_que_haya(raiz, administrador, agente):
    fallar(agente, "203.0.113.7")
    with CaptureQueriesContext(connection) as con_uno:
        assert texto(raiz.get(LISTA)).count("hasta las") == 1
    fallar(administrador, "203.0.113.7")
    fallar(agente, "203.0.113.8")
    with CaptureQueriesContext(connection) as con_dos:
        assert texto(raiz.get(LISTA)).count("hasta las") == 2
    assert len(con_uno) == len(con_dos)


def test_un_administrador_lo_ve_pero_no_desbloquea(con_sesion, agente):
    fallar(agente, "203.0.113.7")
    pagina = texto(con_sesion.get(ficha(agente)))
    assert "desde 203.0.113.7" in pagina
    assert "Un superusuario puede desbloquearlo" in pagina
    assert con_sesion.post(f"{LISTA}{agente.pk}/desbloquear/").status_code == 403
    con_sesion.post(LISTA, {"action": "desbloquear_los_elegidos", "_selected_action": [agente.pk]})
    assert AccessAttempt.objects.filter(username=agente.email).exists()
    assert not LogEntry.objects.exists()


def test_solo_con_post_y_solo_a_quien_existe(raiz, client, administrador):
    assert raiz.get(f"{LISTA}{administrador.pk}/desbloquear/").status_code == 405
    assert raiz.post(f"{LISTA}999999/desbloquear/").status_code == 404
    assert client.post(f"{LISTA}{administrador.pk}/desbloquear/").status_code == 302  # a iniciar sesión
    sin_csrf = Client(enforce_csrf_checks=True)
    sin_csrf.cookies = raiz.cookies
    assert sin_csrf.post(f"{LISTA}{administrador.pk}/desbloquear/").status_code == 403


def test_un_correo_con_mayusculas_tambien_se_desbloquea(raiz):
    ana = Usuario.objects.create_user("Ana@example.com", "clave-de-ana", is_staff=True)
    fallar(ana, "2001:db8::7")
    assert "desde 2001:db8::" in texto(raiz.get(ficha(ana)))
    raiz.post(f"{LISTA}{ana.pk}/desbloquear/")
    assert entrar(ana, "clave-de-ana", "2001:db8::7") == 302


@pytest.fixture
def admite_seis(settings):
    settings.FALLOS_POR_DIRECCION = 6


def rociar(desde, cuantas=6):
    """Un fallo con cada una de tantas cuentas."""
    for i in range(cuantas):
        credenciales = {"email": f"cuenta{i}@example.com", "password": "mala"}
        Client().post("/api/v1/token", credenciales, "application/json", REMOTE_ADDR=desde)


def test_la_lista_dice_desde_que_direccion_no_entra_nadie_y_la_desbloquea(
    raiz, superusuario, administrador, admite_seis
):
    rociar("203.0.113.7")
    rociar("203.0.113.8", cuantas=5)
    assert entrar(administrador, "clave-de-admin", "203.0.113.7") == 429
    pagina = texto(raiz.get(LISTA))
    assert re.findall(r"Desde (\S+) no entra nadie", pagina) == ["203.0.113.7"]
    assert "se han fallado 6 contraseñas" in pagina
    assert pagina.count("Desbloquear la dirección") == 1
    una = {"direccion": "203.0.113.7"}
    respuesta = raiz.post(f"{LISTA}direcciones/desbloquear/", una, follow=True)
    assert "Ya se puede volver a probar desde 203.0.113.7." in texto(respuesta)
    assert "no entra nadie" not in texto(respuesta)
    assert entrar(administrador, "clave-de-admin", "203.0.113.7") == 302
    apunte = LogEntry.objects.get()
    assert (apunte.user, apunte.object_id) == (superusuario, str(superusuario.pk))
    assert apunte.change_message == "Desbloqueó la dirección 203.0.113.7, que tenía 6 contraseñas erróneas."


@pytest.mark.parametrize("direccion", ["203.0.113.9", "", "no es una dirección", "0.0.0.0/0"])
def test_de_una_direccion_que_no_esta_bloqueada_no_se_olvida_nada(raiz, direccion):
    rociar("203.0.113.9", cuantas=3)
    respuesta = raiz.post(f"{LISTA}direcciones/desbloquear/", {"direccion": direccion}, follow=True)
    assert "No había nada que desbloquear." in texto(respuesta)
    assert AccessAttempt.objects.count() == 3
    assert not LogEntry.objects.exists()


def test_un_administrador_ve_la_direccion_bloqueada_pero_no_la_desbloquea(con_sesion, admite_seis):
    rociar("203.0.113.7")
    assert "Un superusuario puede desbloquearla antes." in texto(con_sesion.get(LISTA))
    assert con_sesion.post(f"{LISTA}direcciones/desbloquear/", {"direccion": "203.0.113.7"}).status_code == 403
    assert con_sesion.get(f"{LISTA}direcciones/desbloquear/").status_code == 405
    assert AccessAttempt.objects.count() == 6
