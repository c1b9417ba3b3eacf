"""El usuario: su correo, su rol y cómo se crea."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from usuarios.correo import ClaveDeCorreo, clave_de_correo
from usuarios.models import Rol, Usuario

pytestmark = pytest.mark.django_db


def test_el_rol_y_is_staff_son_lo_mismo():
    usuario = Usuario.objects.create_user("a@example.com", is_staff=True)
    assert usuario.rol == Rol.ADMINISTRADOR
    usuario.is_staff = False
    usuario.save()
    usuario.refresh_from_db()
    assert usuario.rol == Rol.AGENTE
    assert not usuario.is_staff


def test_sin_decir_nada_es_un_agente_que_no_puede_entrar():
    usuario = Usuario.objects.create_user("a@EXAMPLE.com")
    assert usuario.email == "a@example.com"
    assert not usuario.is_staff
    assert not usuario.has_usable_password()


def test_el_superusuario_es_administrador():
    usuario = Usuario.objects.create_superuser("a@example.com", "clave")
    assert usuario.is_staff
    assert usuario.is_superuser


def test_el_correo_es_obligatorio():
    with pytest.raises(ValueError, match="correo"):
        Usuario.objects.create_user("")


def test_el_correo_es_unico_sin_distinguir_mayusculas():
    Usuario.objects.create_user("Ana@example.com")
    with pytest.raises(IntegrityError):
        Usuario.objects.create_user("aNA@example.com")


def test_fuera_del_ascii_las_mayusculas_si_distinguen_en_todos_los_motores():
    for email in ("Ñu@example.com", "ñu@example.com"):
        Usuario.objects.create_user(email)
    assert Usuario.objects.get_by_natural_key("Ñu@EXAMPLE.com").email == "Ñu@example.com"


@pytest.mark.parametrize("correo", ["Ana@Example.COM", "Ñandú@x", "ADMİN@x", "admın@x", "ß@x", "ﬁn@x", "Kelvin@x"])
def test_la_base_y_python_dicen_lo_mismo_de_cuando_dos_correos_son_el_mismo(correo):
    Usuario.objects.create_user(correo)
    assert Usuario.objects.values_list(ClaveDeCorreo("email"), flat=True).get() == clave_de_correo(
        Usuario.objects.get().email
    )


def test_createsuperuser_funciona_sin_preguntar(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "una-clave-larga")
    call_command("createsuperuser", interactive=False, email="jefa@example.com", verbosity=0)
    assert Usuario.objects.get(email="jefa@example.com").check_password("una-clave-larga")
    with pytest.raises(CommandError):
        call_command("createsuperuser", interactive=False, email="jefa@example.com", verbosity=0)
