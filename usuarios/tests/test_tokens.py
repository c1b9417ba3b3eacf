"""Los tokens por la puerta de la API: cómo se consiguen, cómo se renuevan y cuándo mueren."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from usuarios.models import Rol, Usuario

pytestmark = pytest.mark.django_db

EXPORTAR = "/api/v1/llamadas/exportar"


def pedir(client, email="admin@example.com", password="clave-de-admin"):
    return client.post("/api/v1/token", {"email": email, "password": password}, "application/json")


def renovar(client, refresh):
    return client.post("/api/v1/token/refresh", {"refresh": refresh}, "application/json")


def exportar(client, access):
    return client.get(EXPORTAR, headers={"Authorization": f"Bearer {access}"})


def test_da_un_par_de_tokens_que_sirve_para_exportar(client, administrador):
    respuesta = pedir(client)
    assert respuesta.status_code == 200
    assert set(respuesta.json()) == {"access", "refresh"}
    assert exportar(client, respuesta.json()["access"]).status_code == 200
    administrador.refresh_from_db()
    assert administrador.last_login is not None


def test_se_puede_pedir_como_formulario_con_barra_final_y_sin_distinguir_mayusculas(client, administrador):
    respuesta = client.post("/api/v1/token/", {"email": "ADMIN@example.com", "password": "clave-de-admin"})
    assert respuesta.status_code == 200


def test_duran_quince_minutos_y_un_dia(client, administrador):
    tokens = pedir(client).json()
    duraciones = {}
    for nombre, token in tokens.items():
        datos = jwt.decode(token, options={"verify_signature": False})
        duraciones[nombre] = datos["exp"] - datos["iat"]
    assert duraciones == {"access": 15 * 60, "refresh": 24 * 3600}


@pytest.mark.parametrize(
    "datos",
    [
        {"email": "admin@example.com", "password": "mala"},
        {"email": "nadie@example.com", "password": "clave-de-admin"},
    ],
)
def test_con_datos_malos_responde_401_sin_decir_cual_falla(client, administrador, datos):
    respuesta = client.post("/api/v1/token", datos, "application/json")
    assert respuesta.status_code == 401
    assert "access" not in respuesta.json()
    assert respuesta.json()["detail"] == "La combinación de credenciales no tiene una cuenta activa"


@pytest.mark.parametrize(
    "datos",
    [
        {},
        {"email": "admin@example.com"},
        {"email": "a" * 300, "password": "x"},
        {"email": "a\0b", "password": "x"},
        [1],
    ],
)
def test_con_datos_incompletos_o_imposibles_responde_400(client, datos):
    assert client.post("/api/v1/token", datos, "application/json").status_code == 400


def test_la_contrasena_no_se_recorta(client, db):
    Usuario.objects.create_user("espacios@example.com", "  con espacios  ")
    assert pedir(client, "espacios@example.com", "  con espacios  ").status_code == 200
    assert pedir(client, "espacios@example.com", "con espacios").status_code == 401


def test_un_usuario_desactivado_no_consigue_token(client, administrador):
    administrador.is_active = False
    administrador.save()
    assert pedir(client).status_code == 401


def test_renovar_rota_y_el_token_viejo_ya_no_vale(client, administrador):
    viejo = pedir(client).json()["refresh"]
    nuevos = renovar(client, viejo)
    assert nuevos.status_code == 200
    assert exportar(client, nuevos.json()["access"]).status_code == 200
    assert renovar(client, viejo).status_code == 401
    assert renovar(client, nuevos.json()["refresh"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_de_varias_renovaciones_a_la_vez_solo_vale_una(client, administrador):
    token = pedir(client).json()["refresh"]

    def una(_):
        try:
            return renovar(Client(), token).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as hilos:
        assert sorted(hilos.map(una, range(8))) == [200] + [401] * 7


def test_reactivar_a_un_usuario_no_resucita_sus_tokens(client, administrador):
    tokens = pedir(client).json()
    desactivar(administrador)
    administrador.is_active = True
    administrador.save()
    assert exportar(client, tokens["access"]).status_code == 401
    assert renovar(client, tokens["refresh"]).status_code == 401
    Usuario.objects.update(fecha_baja=timezone.now() - timedelta(seconds=2))
    assert exportar(client, pedir(client).json()["access"]).status_code == 200


def test_un_agente_consigue_token_pero_no_exporta(client, agente):
    token = pedir(client, "agente@example.com", "clave-de-agente").json()["access"]
    assert exportar(client, token).status_code == 403


def cambiar_contrasena(usuario):
    usuario.set_password("otra-clave")
    usuario.save()


def desactivar(usuario):
    usuario.is_active = False
    usuario.save()


@pytest.mark.parametrize("suceso", [cambiar_contrasena, desactivar, Usuario.delete])
def test_los_dos_tokens_mueren(client, administrador, suceso):
    tokens = pedir(client).json()
    suceso(administrador)
    assert exportar(client, tokens["access"]).status_code == 401
    assert renovar(client, tokens["refresh"]).status_code == 401


def test_quien_deja_de_ser_administrador_conserva_el_token_pero_no_el_permiso(client, administrador):
    token = pedir(client).json()["access"]
    administrador.rol = Rol.AGENTE
    administrador.save()
    assert exportar(client, token).status_code == 403


def _caducado(token):
    token.set_exp(lifetime=-timedelta(seconds=1))
    return str(token)


def _con_otra_clave(token):
    return jwt.encode(token.payload, "otra-clave-de-al-menos-32-bytes-de-largo", "HS256")


def _sin_firma(token):
    return jwt.encode(token.payload, None, "none")


def _manipulado(token):
    cabecera, _, firma = str(token).split(".")
    return f"{cabecera}.eyJ1c2VyX2lkIjoxfQ.{firma}"


MALOS = {
    "caducado": lambda u: f"Bearer {_caducado(AccessToken.for_user(u))}",
    "de_renovacion": lambda u: f"Bearer {RefreshToken.for_user(u)}",
    "con_otra_clave": lambda u: f"Bearer {_con_otra_clave(AccessToken.for_user(u))}",
    "sin_firma": lambda u: f"Bearer {_sin_firma(AccessToken.for_user(u))}",
    "manipulado": lambda u: f"Bearer {_manipulado(AccessToken.for_user(u))}",
    "basura": lambda u: "Bearer basura",
    "vacio": lambda u: "Bearer",
    "de_mas": lambda u: "Bearer a b",
    "otro_esquema": lambda u: "Basic YWRtaW46Y2xhdmU=",
    "no_ascii": lambda u: "Bearer ñandú",
}


@pytest.mark.parametrize("clase", MALOS)
def test_un_token_malo_es_un_401_en_json(client, administrador, clase):
    respuesta = client.get(EXPORTAR, headers={"Authorization": MALOS[clase](administrador)})
    assert respuesta.status_code == 401
    assert respuesta["Content-Type"] == "application/json"
    assert respuesta["WWW-Authenticate"].startswith("Bearer")
    sin_token = {
        "vacio": "El encabezado 'Authorization' debe contener",
        "de_mas": "El encabezado 'Authorization' debe contener",
        "otro_esquema": "Las credenciales de autenticación no se proveyeron.",
    }
    assert respuesta.json()["detail"].startswith(sin_token.get(clase, "El token no vale o ha caducado: pida otro."))


@pytest.mark.parametrize("cabecera", ["bearer {}", "BEARER {}", "bEARER  {}", "Bearer\t{}", " bearer {} "])
def test_el_esquema_vale_en_mayusculas_o_en_minusculas(client, administrador, cabecera):
    token = AccessToken.for_user(administrador)
    assert client.get(EXPORTAR, headers={"Authorization": cabecera.format(token)}).status_code == 200


@pytest.mark.parametrize("cabecera", ["bearerx {}", "bear er {}", "beárer {}", "bearer{}", "Token {}", "{}"])
def test_otro_esquema_no_vale(client, administrador, cabecera):
    token = AccessToken.for_user(administrador)
    respuesta = client.get(EXPORTAR, headers={"Authorization": cabecera.format(token)})
    assert respuesta.status_code == 401
    assert respuesta["WWW-Authenticate"] == 'Bearer realm="api"'


def firmado_por(reloj, token):
    """El mismo token, con los datos que le pondría una máquina cuyo reloj va `reloj` segundos adelantado."""
    token.set_iat(at_time=token.current_time + timedelta(seconds=reloj))
    token.set_exp(from_time=token.current_time + timedelta(seconds=reloj))
    return str(token)


@pytest.mark.parametrize("reloj", [4, -4, 45])
def test_sirve_el_token_de_una_maquina_con_el_reloj_algo_distinto(client, administrador, reloj):
    access = firmado_por(reloj, AccessToken.for_user(administrador))
    refresh = firmado_por(reloj, RefreshToken.for_user(administrador))
    assert exportar(client, access).status_code == 200
    assert renovar(client, refresh).status_code == 200


def test_no_sirve_el_de_un_futuro_lejano(client, administrador):
    assert exportar(client, firmado_por(3600, AccessToken.for_user(administrador))).status_code == 401


SIN_TOKENS = {
    "bien": (200, pedir),
    "mal": (401, lambda client: pedir(client, password="mala")),
    "incompleto": (400, lambda client: pedir(client, email="")),
    "ilegible": (400, lambda client: client.post("/api/v1/token", b"{", "application/json")),
    "otro_metodo": (405, lambda client: client.get("/api/v1/token")),
    "otro_tipo": (415, lambda client: client.post("/api/v1/token/", "x", "text/xml")),
    "otro_formato": (406, lambda client: client.post("/api/v1/token", headers={"Accept": "text/csv"})),
    "opciones": (200, lambda client: client.options("/api/v1/token")),
    "renovado": (200, lambda client: renovar(client, pedir(client).json()["refresh"])),
    "sin_renovar": (401, lambda client: renovar(client, "x.y.z")),
    "bloqueada": (429, lambda client: [pedir(client, password="mala") for _ in range(5)][-1]),
}


@pytest.mark.parametrize("caso", SIN_TOKENS)
def test_nada_de_lo_que_se_responde_al_pedir_un_token_se_guarda_en_cache(client, administrador, caso):
    codigo, hacer = SIN_TOKENS[caso]
    respuesta = hacer(client)
    assert respuesta.status_code == codigo
    assert respuesta["Cache-Control"] == "no-store"
    assert respuesta["Pragma"] == "no-cache"


def test_tampoco_el_error_interno(client, administrador, monkeypatch):
    monkeypatch.setattr("usuarios.serializers.TokenSerializer.validate", lambda *_: 1 / 0)
    respuesta = pedir(client)
    assert respuesta.status_code == 500
    assert respuesta["Cache-Control"] == "no-store"


DE_RENOVACION_MALOS = {
    "caducado": lambda u: _caducado(RefreshToken.for_user(u)),
    "de_acceso": lambda u: str(AccessToken.for_user(u)),
    "con_otra_clave": lambda u: _con_otra_clave(RefreshToken.for_user(u)),
    "sin_firma": lambda u: _sin_firma(RefreshToken.for_user(u)),
    "manipulado": lambda u: _manipulado(RefreshToken.for_user(u)),
    "basura": lambda u: "x.y.z",
}


@pytest.mark.parametrize("clase", DE_RENOVACION_MALOS)
def test_un_token_de_renovacion_malo_es_un_401(client, administrador, clase):
    respuesta = renovar(client, DE_RENOVACION_MALOS[clase](administrador))
    assert respuesta.status_code == 401
    assert respuesta.json() == {"detail": "El token no vale o ha caducado: pida otro.", "code": "token_not_valid"}


@pytest.mark.parametrize("cuerpo", [{}, {"refresh": ""}, {"refresh": None}, {"refresh": ["x"]}, []])
def test_sin_token_de_renovacion_es_un_400(client, cuerpo):
    assert client.post("/api/v1/token/refresh", cuerpo, "application/json").status_code == 400


@pytest.mark.parametrize("ruta", ["/api/v1/token", "/api/v1/token/refresh"])
def test_los_tokens_solo_se_piden_por_post(client, ruta):
    assert client.get(ruta).status_code == 405


def test_la_firma_usa_su_propia_clave_si_la_hay(ejecutar):
    codigo = "from django.conf import settings as s; print(s.SIMPLE_JWT['SIGNING_KEY'] == s.SECRET_KEY)"
    assert ejecutar("shell", "-v0", "-c", codigo).stdout.strip() == b"True"
    propia = ejecutar("shell", "-v0", "-c", codigo, JWT_SIGNING_KEY="una-clave-de-firma-de-al-menos-32-bytes")
    assert propia.stdout.strip() == b"False"
    assert settings.SIMPLE_JWT["SIGNING_KEY"] == settings.SECRET_KEY


def test_una_sesion_de_la_administracion_tambien_exporta(con_sesion):
    assert con_sesion.get(EXPORTAR).status_code == 200


def test_una_sesion_de_un_usuario_desactivado_no(con_sesion, administrador):
    desactivar(administrador)
    assert con_sesion.get(EXPORTAR).status_code == 401


def test_un_token_malo_no_se_salva_por_tener_sesion(con_sesion: Client):
    assert con_sesion.get(EXPORTAR, headers={"Authorization": "Bearer basura"}).status_code == 401
