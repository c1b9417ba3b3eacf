"""Quien descarga despacio, o deja de leer, no deja sin servidor a los demás: con el nginx del README y sin él."""

import shutil
import socket
import subprocess
from contextlib import ExitStack, contextmanager

import pytest
import requests
from django.contrib.auth.hashers import make_password
from django.db import connection
from rest_framework_simplejwt.tokens import AccessToken

from llamadas.entrega import plazas
from llamadas.models import Exportacion
from llamadas.trabajos import intentos
from usuarios.models import Rol, Usuario

from ..datos import AL_IRSE, esperar, nadie_lee, sembrar, sembrar_anchas
from ..encargos import un_encargo
from ..servidores import gunicorn, nginx
from .test_entrega import matar_conexiones, romper_a_mitad

pytestmark = pytest.mark.django_db(transaction=True)

RUTA = "/api/v1/llamadas/exportar"
LENTOS = 8
# Bastantes para que no quepan en lo que guardan los sistemas operativos entre el servidor y el cliente.
MUCHAS = 40_000


@pytest.fixture
def quien():
    clave = make_password("clave-de-admin", hasher="argon2")
    usuario = Usuario.objects.create(email="admin@example.com", rol=Rol.ADMINISTRADOR, password=clave)
    yield usuario
    esperar(nadie_lee)


@pytest.fixture
def cabecera(quien):
    return f"Authorization: Bearer {AccessToken.for_user(quien)}"


def atiende(raiz):
    """Lo que tarda lo que más, de entrar por la API y de abrir la página de entrada; la mejor de tres veces."""
    return min(max(_tarda_en_entrar(raiz), _tarda_en_abrir(raiz)) for _ in range(3))


def _tarda_en_entrar(raiz):
    credenciales = {"email": "admin@example.com", "password": "clave-de-admin"}
    respuesta = requests.post(f"{raiz}/api/v1/token", json=credenciales, timeout=20)
    assert respuesta.status_code == 200
    return respuesta.elapsed.total_seconds()


def _tarda_en_abrir(raiz):
    respuesta = requests.get(f"{raiz}/admin/login/", timeout=20)
    assert respuesta.status_code == 200
    return respuesta.elapsed.total_seconds()


@contextmanager
def curls(url, cabecera, carpeta, *, cuantos=LENTOS):
    """Varios `curl` que recogen muy despacio."""
    if not shutil.which("curl"):
        pytest.skip("no hay curl en esta máquina")
    orden = ["curl", "-sf", "--limit-rate", "50k", "-H", cabecera, url]
    procesos = [subprocess.Popen([*orden, "-o", str(carpeta / f"{n}.csv")]) for n in range(cuantos)]
    try:
        yield procesos
    finally:
        for proceso in procesos:
            proceso.kill()
            proceso.wait()


def test_con_nginx_delante_ocho_que_descargan_despacio_no_ocupan_el_servidor(entorno, tmp_path, cabecera):
    sembrar_anchas(MUCHAS // 2)
    (tmp_path / "nginx").mkdir()
    sin_limite = {"DESCARGAS_A_LA_VEZ": str(LENTOS)}  # que sea nginx quien lo consigue
    with gunicorn(entorno | sin_limite) as detras, nginx(detras, tmp_path / "nginx") as raiz:
        with curls(f"{raiz}{RUTA}", cabecera, tmp_path) as procesos:
            esperar(lambda: all((tmp_path / f"{n}.csv").exists() for n in range(LENTOS)))
            esperar(nadie_lee)  # ninguna lectura sigue abierta: un ALTER TABLE no espera a nadie
            assert all(proceso.poll() is None for proceso in procesos)  # y todos siguen descargando
            assert atiende(raiz) < 1
        esperar(lambda: Exportacion.objects.filter(estado="completada").count() == LENTOS)


def test_si_nginx_no_puede_guardar_mas_las_que_pasan_de_la_cuenta_esperan_fuera(entorno, tmp_path, cabecera):
    sembrar_anchas(MUCHAS)
    (tmp_path / "nginx").mkdir()
    sin_sitio = "proxy_max_temp_file_size 0;"  # como un fichero de más de lo que admite
    with gunicorn(entorno) as detras, nginx(detras, tmp_path / "nginx", ajustes=sin_sitio) as raiz:
        with curls(f"{raiz}{RUTA}", cabecera, tmp_path) as procesos:
            esperar(lambda: [proceso.poll() for proceso in procesos].count(22) == LENTOS - 6)  # 503
            assert atiende(raiz) < 1
            assert [proceso.poll() for proceso in procesos].count(None) == 6
        esperar(lambda: not Exportacion.objects.vivas().exists())  # antes de parar el servidor, que es quien lo apunta


def test_con_nginx_delante_lo_que_se_rompe_le_llega_roto_a_quien_descarga(entorno, tmp_path, cabecera):
    sembrar_anchas(MUCHAS)
    ajustes = ""
    if connection.vendor == "sqlite":
        romper_a_mitad()
    else:
        ajustes = "proxy_max_temp_file_size 0;"  # que la lectura no acabe antes de que se la pueda cortar
    nombre, valor = cabecera.split(": ")
    (tmp_path / "nginx").mkdir()
    with (
        gunicorn(entorno) as detras,
        nginx(detras, tmp_path / "nginx", ajustes=ajustes) as raiz,
        requests.get(f"{raiz}{RUTA}", headers={nombre: valor}, stream=True, timeout=60) as respuesta,
    ):
        trozos = respuesta.iter_content(64 * 1024)
        next(trozos)
        if connection.vendor == "postgresql":
            matar_conexiones()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(trozos)


def pedir(detras, ruta, cabecera, conexiones):
    """Una petición de la que no se recoge más que el principio. Da los primeros bytes."""
    anfitrion, puerto = detras.split(":")
    conexion = conexiones.enter_context(socket.socket())
    conexion.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    conexion.settimeout(30)
    conexion.connect((anfitrion, int(puerto)))
    conexion.sendall(f"GET {ruta} HTTP/1.1\r\nHost: localhost\r\n{cabecera}\r\n\r\n".encode())
    return conexion.recv(2048).decode("latin-1")


@pytest.mark.parametrize("que", ["directa", "guardada", "un tramo"])
def test_sin_nginx_las_que_pasan_de_la_cuenta_esperan_fuera_y_se_atiende_a_los_demas(entorno, quien, cabecera, que):
    sembrar_anchas(MUCHAS)
    ruta, varias = RUTA, cabecera
    if que != "directa":
        encargo = un_encargo(quien)
        intentos.ejecutar(encargo.pk)
        ruta = f"/api/v1/llamadas/exportaciones/{encargo.pk}/archivo"
        varias = f"{cabecera}\r\nRange: bytes=1-" if que == "un tramo" else cabecera
    with gunicorn(entorno | {"DESCARGAS_A_LA_VEZ": "3"}, hilos=5) as detras, ExitStack() as conexiones:
        respuestas = [pedir(detras, ruta, varias, conexiones) for _ in range(LENTOS)]
        rechazadas = [respuesta for respuesta in respuestas if " 503 " in respuesta]
        assert len(rechazadas) == LENTOS - 3
        assert all("\r\nRetry-After: 10\r\n" in respuesta for respuesta in rechazadas)
        assert atiende(f"http://{detras}") < 1
    esperar(lambda: not Exportacion.objects.vivas().exists())


def test_las_plazas_se_dejan_al_acabar_al_irse_y_al_fallar(entorno, cabecera):
    sembrar_anchas(MUCHAS)
    nombre, valor = cabecera.split(": ")
    with gunicorn(entorno | {"DESCARGAS_A_LA_VEZ": "1"}) as detras:
        url = f"http://{detras}{RUTA}"
        for _ in range(2):
            with ExitStack() as conexiones:
                # La plaza se deja un instante después de que el cliente anterior lo tenga todo.
                esperar(lambda conexiones=conexiones: " 200 " in pedir(detras, RUTA, cabecera, conexiones))
                rechazada = requests.get(url, headers={nombre: valor}, timeout=30)
                assert (rechazada.status_code, rechazada.headers["Retry-After"]) == (503, "10")
                assert rechazada.json()["detail"].endswith("Vuelva a intentarlo dentro de 10 segundos.")
                assert requests.head(url, headers={nombre: valor}, timeout=30).status_code == 200
            esperar(nadie_lee, AL_IRSE)
            esperar(lambda: requests.get(url, headers={nombre: valor}, timeout=30).status_code == 200)
        assert requests.get(url, headers={nombre: valor}, params={"x": "y"}, timeout=30).status_code == 400
        esperar(lambda: requests.get(url, headers={nombre: valor}, timeout=30).status_code == 200)
    assert set(Exportacion.objects.values_list("estado", flat=True)) == {"completada", "cancelada"}


def test_en_la_administracion_se_dice_con_palabras(con_sesion, settings):
    settings.DESCARGAS_A_LA_VEZ = 1
    sembrar(3)
    datos = {"action": "exportar_csv", "_selected_action": [1], "select_across": "1"}
    plaza = plazas.Plaza()
    pagina = con_sesion.post("/admin/llamadas/llamada/", datos, follow=True).content.decode()
    assert "todas las descargas que puede a la vez. Inténtelo" in pagina
    pagina = con_sesion.post("/admin/llamadas/llamada/exportar/", {"formato": "csv"}, follow=True).content.decode()
    assert "todas las descargas que puede a la vez. Inténtelo" in pagina
    assert not Exportacion.objects.exists()
    plaza.soltar()
    assert con_sesion.post("/admin/llamadas/llamada/", datos)["Content-Type"] == "text/csv"


def test_quien_deja_de_leer_del_todo_pierde_la_conexion(entorno, cabecera, tmp_path):
    """Un bloque que no se recoge a tiempo cierra la descarga, y con ella lo que tenía abierto."""
    sembrar_anchas(MUCHAS)
    (tmp_path / "impaciente.py").write_text(
        "from llamadas.entrega import plazas\nplazas.SEGUNDOS_POR_BLOQUE = 0.5\nfrom discador.wsgi import application\n"
    )
    con_prisa = entorno | {"PYTHONPATH": str(tmp_path)}
    with gunicorn(con_prisa, aplicacion="impaciente:application") as detras, ExitStack() as conexiones:
        assert " 200 " in pedir(detras, RUTA, cabecera, conexiones)
        esperar(nadie_lee)
        esperar(lambda: Exportacion.objects.filter(estado="cancelada", rota_por="cliente"))
