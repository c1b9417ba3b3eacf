"""Dar de baja a alguien y volverlo a dar de alta: lo que tenía de antes no vuelve, se haga como se haga."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from usuarios.models import Usuario

pytestmark = pytest.mark.django_db

EXPORTAR, LISTA, ENTRADA = "/api/v1/llamadas/exportar", "/admin/usuarios/usuario/", "/admin/login/"
CREDENCIALES = {"email": "admin@example.com", "password": "clave-de-admin"}


def tokens():
    return Client().post("/api/v1/token", CREDENCIALES, "application/json").json()


def sesion():
    """Un navegador en el que se ha entrado por la puerta."""
    navegador = Client()
    navegador.post(ENTRADA, {"username": CREDENCIALES["email"], "password": CREDENCIALES["password"]})
    return navegador


def exportar(token):
    return Client().get(EXPORTAR, headers={"Authorization": f"Bearer {token}"}).status_code


def renovar(token):
    return Client().post("/api/v1/token/refresh", {"refresh": token}, "application/json").status_code


def los_de(usuario):
    return Usuario.objects.filter(pk=usuario.pk)


def con_save(usuario, activo):
    usuario.is_active = activo
    usuario.save()


def con_algunos_campos(usuario, activo):
    usuario.is_active = activo
    usuario.save(update_fields=["is_active"])


def con_update(usuario, activo):
    los_de(usuario).update(is_active=activo)


def con_el_gestor_de_base(usuario, activo):
    Usuario._base_manager.update(is_active=activo)


def con_bulk_update(usuario, activo):
    usuario.is_active = activo
    Usuario.objects.bulk_update([usuario], ["is_active"])


def con_update_or_create(usuario, activo):
    Usuario.objects.update_or_create(email=usuario.email, defaults={"is_active": activo})


def con_bulk_create(usuario, activo):
    nuevo = Usuario(email=usuario.email, is_active=activo)
    Usuario.objects.bulk_create([nuevo], update_conflicts=True, unique_fields=["email"], update_fields=["is_active"])


def con_sql(usuario, activo):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE usuarios_usuario SET is_active = %s WHERE id = %s", [activo, usuario.pk])


def con_la_administracion(usuario, activo):
    raiz, _ = Usuario.objects.get_or_create(email="raiz@example.com", rol="administrador", is_superuser=True)
    navegador = Client()
    navegador.force_login(raiz, backend="django.contrib.auth.backends.ModelBackend")
    datos = {"email": usuario.email, "rol": usuario.rol, "is_active": "on" if activo else ""}
    assert navegador.post(f"{LISTA}{usuario.pk}/change/", datos).status_code == 302


MANERAS = [
    con_save,
    con_algunos_campos,
    con_update,
    con_el_gestor_de_base,
    con_bulk_update,
    con_update_or_create,
    con_bulk_create,
    con_sql,
    con_la_administracion,
]


@pytest.mark.parametrize("cambiar", MANERAS)
def test_lo_de_antes_de_la_baja_no_vuelve_con_el_alta_y_lo_nuevo_vale_enseguida(administrador, cambiar):
    antes, navegador = tokens(), sesion()
    assert exportar(antes["access"]) == navegador.get(LISTA).status_code == 200
    cambiar(administrador, False)
    cambiar(administrador, True)
    assert exportar(antes["access"]) == 401
    assert renovar(antes["refresh"]) == 401
    assert navegador.get(LISTA).status_code == 302
    ahora = tokens()  # en el mismo segundo
    assert exportar(ahora["access"]) == sesion().get(LISTA).status_code == 200
    assert renovar(ahora["refresh"]) == 200


def test_de_dos_bajas_seguidas_tampoco_vuelve_lo_de_en_medio(administrador):
    for _ in range(3):
        antes, navegador = tokens(), sesion()
        con_update(administrador, False)
        con_update(administrador, True)
        assert exportar(antes["access"]) == 401
        assert navegador.get(LISTA).status_code == 302


def test_no_vuelve_porque_otro_guarde_al_usuario_como_era_antes(administrador):
    antes, navegador = tokens(), sesion()
    de_antes = Usuario.objects.get(pk=administrador.pk)
    con_update(administrador, False)
    con_update(administrador, True)
    de_antes.save()
    los_de(administrador).update(fecha_baja=None)
    assert exportar(antes["access"]) == 401
    assert navegador.get(LISTA).status_code == 302


@pytest.mark.parametrize("cambiar", MANERAS)
def test_guardar_a_quien_sigue_activo_no_le_echa(administrador, cambiar):
    antes, navegador = tokens(), sesion()
    cambiar(administrador, True)
    assert exportar(antes["access"]) == navegador.get(LISTA).status_code == 200


def test_la_baja_de_uno_no_echa_a_los_demas(administrador, agente):
    antes, navegador = tokens(), sesion()
    con_update(agente, False)
    con_update(agente, True)
    assert exportar(antes["access"]) == navegador.get(LISTA).status_code == 200


def test_el_token_de_una_version_anterior_sirve_mientras_no_haya_bajas(administrador):
    sin_sello = AccessToken.for_user(administrador)
    renovable = RefreshToken.for_user(administrador)
    assert exportar(sin_sello) == 200
    con_update(administrador, False)
    con_update(administrador, True)
    assert exportar(sin_sello) == 401
    assert renovar(str(renovable)) == 401


@pytest.mark.django_db(transaction=True)
def test_la_migracion_conserva_a_los_usuarios_y_sella_las_bajas_que_no_tenian_fecha(administrador, agente):
    antes = tokens()
    call_command("migrate", "usuarios", "0001", verbosity=0)
    try:
        con_update(administrador, False)
        con_update(agente, False)
    finally:
        call_command("migrate", "usuarios", verbosity=0)
    con_update(administrador, True)
    assert Usuario.objects.count() == 2
    assert exportar(antes["access"]) == 401
    assert exportar(tokens()["access"]) == 200


@pytest.mark.parametrize("hubo_baja", [True, False])
def test_con_la_clave_cambiada_la_sesion_solo_sigue_si_no_hubo_baja(administrador, settings, hubo_baja):
    navegador = sesion()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "otra" * 20, [settings.SECRET_KEY]
    if hubo_baja:
        con_update(administrador, False)
        con_update(administrador, True)
    assert navegador.get("/admin/").status_code == (302 if hubo_baja else 200)
