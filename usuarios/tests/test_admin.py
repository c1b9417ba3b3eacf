"""La administración de los usuarios: qué puede cada cual."""

import re

import pytest
from django.test import Client

from usuarios.models import Rol, Usuario

pytestmark = pytest.mark.django_db

LISTA = "/admin/usuarios/usuario/"


@pytest.fixture
def raiz(superusuario):
    navegador = Client()
    navegador.force_login(superusuario, backend="django.contrib.auth.backends.ModelBackend")
    return navegador


def ficha(usuario):
    return f"{LISTA}{usuario.pk}/change/"


def datos(usuario, **cambios):
    actuales = {"email": usuario.email, "rol": usuario.rol, "is_active": "on" if usuario.is_active else ""}
    return {**actuales, **cambios}


def test_busca_por_correo_y_filtra_por_rol(raiz, agente):
    Usuario.objects.create_user("zoe@example.com")
    pagina = raiz.get(LISTA, {"q": "zoe", "rol__exact": "agente"}).content.decode()
    assert "zoe@example.com" in pagina
    assert "agente@example.com" not in pagina


def test_un_superusuario_da_de_alta_cambia_y_asciende(raiz):
    alta = {
        "email": "nueva@example.com",
        "rol": Rol.AGENTE,
        "password1": "frase-larga-77",
        "password2": "frase-larga-77",
    }
    assert raiz.post(f"{LISTA}add/", alta).status_code == 302
    nueva = Usuario.objects.get(email="nueva@example.com")
    assert nueva.check_password("frase-larga-77")
    assert raiz.post(ficha(nueva), datos(nueva, rol=Rol.ADMINISTRADOR)).status_code == 302
    nueva.refresh_from_db()
    assert nueva.is_staff


def test_un_correo_que_solo_cambia_en_mayusculas_se_rechaza_con_un_mensaje(raiz, agente):
    respuesta = raiz.post(
        f"{LISTA}add/",
        {"email": "AGENTE@example.com", "rol": Rol.AGENTE},
    )
    assert respuesta.status_code == 200
    assert dict(respuesta.context["adminform"].form.errors) == {
        "email": ["Ya existe un usuario con este correo electrónico."]
    }


def test_al_cambiar_un_correo_por_el_de_otro_se_dice_una_vez_y_el_propio_vale(raiz, agente, administrador):
    respuesta = raiz.post(ficha(agente), datos(agente, email=administrador.email))
    assert respuesta.content.decode().count("Ya existe") == 1
    assert raiz.post(ficha(agente), datos(agente, email=agente.email.upper())).status_code == 302


def test_un_superusuario_cambia_la_contrasena_de_otro(raiz, agente):
    nueva = {"password1": "frase-larga-77", "password2": "frase-larga-77"}
    assert raiz.post(f"{LISTA}{agente.pk}/password/", nueva).status_code == 302
    agente.refresh_from_db()
    assert agente.check_password("frase-larga-77")


def test_nadie_se_borra_ni_de_uno_en_uno_ni_en_bloque(raiz, agente):
    assert raiz.post(f"{LISTA}{agente.pk}/delete/", {"post": "yes"}).status_code == 403
    raiz.post(LISTA, {"action": "delete_selected", "_selected_action": [agente.pk], "post": "yes"})
    assert Usuario.objects.filter(pk=agente.pk).exists()


def test_un_administrador_ve_a_los_usuarios_pero_no_sus_contrasenas(con_sesion, agente):
    pagina = con_sesion.get(ficha(agente)).content.decode()
    assert "agente@example.com" in pagina
    assert agente.password not in pagina
    assert "algoritmo" not in pagina


@pytest.mark.parametrize("objetivo", ["administrador", "agente", "superusuario"])
def test_un_administrador_no_asciende_a_nadie_ni_a_si_mismo(con_sesion, objetivo, request):
    usuario = request.getfixturevalue(objetivo)
    antes = Usuario.objects.filter(pk=usuario.pk).values().get()
    intentos = [
        con_sesion.post(ficha(usuario), datos(usuario, rol=Rol.ADMINISTRADOR, is_superuser="on")),
        con_sesion.post(
            f"{LISTA}{usuario.pk}/password/", {"password1": "frase-larga-77", "password2": "frase-larga-77"}
        ),
        con_sesion.post(f"{LISTA}{usuario.pk}/delete/", {"post": "yes"}),
        con_sesion.post(
            f"{LISTA}add/",
            {
                "email": "x@example.com",
                "rol": Rol.ADMINISTRADOR,
                "password1": "frase-larga-77",
                "password2": "frase-larga-77",
            },
        ),
        con_sesion.post(f"{LISTA}{usuario.pk}/desbloquear/"),
    ]
    assert {respuesta.status_code for respuesta in intentos} == {403}
    despues = Usuario.objects.filter(pk=usuario.pk).values().get()
    assert {k: v for k, v in antes.items() if k != "last_login"} == {
        k: v for k, v in despues.items() if k != "last_login"
    }
    assert not Usuario.objects.filter(email="x@example.com").exists()


def test_un_administrador_no_ve_mas_secciones_que_llamadas_y_usuarios(con_sesion):
    pagina = con_sesion.get("/admin/").content.decode()
    assert "/admin/llamadas/llamada/" in pagina
    assert LISTA in pagina
    assert "/admin/axes/" not in pagina
    assert "/admin/token_blacklist/" not in pagina


def test_un_administrador_cambia_su_propia_contrasena(con_sesion, administrador):
    cambio = {"old_password": "clave-de-admin", "new_password1": "frase-larga-77", "new_password2": "frase-larga-77"}
    assert con_sesion.post("/admin/password_change/", cambio).status_code == 302
    administrador.refresh_from_db()
    assert administrador.check_password("frase-larga-77")


@pytest.mark.parametrize("ruta", ["/admin/password_change/", f"{LISTA}{{}}/password/", f"{LISTA}add/"])
def test_la_contrasena_nueva_se_repite_y_no_se_confunde_con_la_de_antes(raiz, agente, ruta):
    pagina = raiz.get(ruta.format(agente.pk)).content.decode()
    assert "La misma otra vez." in pagina
    assert "misma contraseña anterior" not in pagina
    assert "Ingrese" not in pagina


def test_un_usuario_desactivado_no_entra_en_la_administracion(client, administrador):
    administrador.is_active = False
    administrador.save()
    respuesta = client.post("/admin/login/", {"username": administrador.email, "password": "clave-de-admin"})
    assert respuesta.status_code == 200
    assert "_auth_user_id" not in client.session


def entrar(client, usuario, clave):
    return client.post("/admin/login/", {"username": usuario.email, "password": clave})


def test_un_agente_con_su_contrasena_se_entera_de_que_es_su_rol_el_que_no_entra(client, agente):
    respuesta = entrar(client, agente, "clave-de-agente")
    assert respuesta.status_code == 200
    assert "aquí solo entran los administradores y usted es agente" in respuesta.content.decode()
    assert client.get(LISTA).status_code == 302


def test_con_una_contrasena_mala_un_agente_un_administrador_y_nadie_reciben_lo_mismo(client, agente, administrador):
    nadie = Usuario(email="nadie@example.com")
    respuestas = [entrar(client, quien, "mala").context["form"].errors for quien in (agente, administrador, nadie)]
    assert respuestas[0] == respuestas[1] == respuestas[2]
    assert "El correo o la contraseña no son correctos" in str(respuestas[0])


def test_un_agente_que_acierta_ni_se_bloquea_ni_borra_los_fallos_que_llevaba(client, agente):
    for _ in range(4):
        entrar(client, agente, "mala")
    for _ in range(6):
        assert "usted es agente" in entrar(client, agente, "clave-de-agente").content.decode()
    assert entrar(client, agente, "mala").status_code == 429
    respuesta = entrar(client, agente, "clave-de-agente")  # bloqueado no se entera de nada
    assert respuesta.status_code == 429
    assert "agente" not in respuesta.content.decode()


def test_sin_contrasena_solo_se_da_de_alta_a_un_agente(raiz):
    alta = {"email": "nuevo@example.com", "rol": Rol.AGENTE}
    assert raiz.post(f"{LISTA}add/", alta).status_code == 302
    assert not Usuario.objects.get(email="nuevo@example.com").has_usable_password()
    respuesta = raiz.post(f"{LISTA}add/", {"email": "jefa@example.com", "rol": Rol.ADMINISTRADOR})
    assert set(respuesta.context["adminform"].form.errors) == {"password1", "password2"}
    respuesta = raiz.post(f"{LISTA}add/", {"email": "x@example.com", "rol": Rol.AGENTE, "password1": "frase-larga-77"})
    assert set(respuesta.context["adminform"].form.errors) == {"password2"}


def test_de_la_contrasena_solo_se_dice_si_la_tiene(raiz, agente):
    pagina = raiz.get(ficha(agente)).content.decode()
    assert "Tiene contraseña." in pagina
    assert agente.password.split("$")[-1] not in pagina
    agente.set_unusable_password()
    agente.save()
    assert "No tiene contraseña: no puede entrar." in raiz.get(ficha(agente)).content.decode()


@pytest.mark.parametrize("ruta", ["", "add/", "{}/change/", "{}/password/"])
def test_las_paginas_de_los_usuarios_no_hablan_como_una_maquina(raiz, agente, ruta):
    pagina = raiz.get(f"{LISTA}{ruta.format(agente.pk)}").content.decode()
    for palabra in (
        "LDAP",
        "md5",
        "algoritmo",
        "Vista",
        "para ver",
        "None",
        'alt="True"',
        "Autenticación basada",
        "If disabled",
    ):
        assert palabra not in pagina
    assert "nunca" in pagina or ruta in ("add/", "{}/password/")


def test_tampoco_a_quien_solo_mira(con_sesion, agente):
    pagina = con_sesion.get(ficha(agente)).content.decode()
    assert "<h1>Usuario</h1>" in pagina
    assert "nunca" in pagina
    assert "Vista" not in pagina


def test_a_quien_deja_de_ser_administrador_con_la_sesion_abierta_se_le_dice(con_sesion, administrador):
    Usuario.objects.filter(pk=administrador.pk).update(rol=Rol.AGENTE)
    pagina = con_sesion.get("/admin/", follow=True).content.decode()
    assert "Ha entrado como admin@example.com, que no puede ver esa página. Entre con otra cuenta." in pagina


def test_al_salir_se_dice_y_se_puede_volver_a_entrar(con_sesion):
    pagina = con_sesion.post("/admin/logout/").content.decode()
    assert "Ha salido de Discador" in pagina
    assert con_sesion.get(LISTA).status_code == 302


@pytest.mark.parametrize("pagina", ["add/", "{0}/change/", "{0}/password/", "{0}/history/"])
def test_de_las_paginas_de_un_usuario_se_vuelve_a_la_lista_y_al_inicio_y_a_ningun_sitio_mas(raiz, agente, pagina):
    contenido = raiz.get(f"{LISTA}{pagina.format(agente.pk)}").content.decode()
    migas = contenido.split('class="breadcrumbs"')[1].split("</div>")[0]
    destinos = re.findall(r'href="([^"]+)"', migas)
    assert destinos[:2] == ["/admin/", LISTA]
    assert destinos[2:] in ([], [f"{LISTA}{agente.pk}/change/"])


def test_de_quien_no_ha_cambiado_nadie_se_dice_asi(raiz, agente):
    contenido = raiz.get(f"{LISTA}{agente.pk}/history/").content.decode()
    assert "no lo ha cambiado nadie" in contenido
    assert "objeto" not in contenido
