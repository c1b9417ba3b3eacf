"""Lo que le pasa a un encargo: se prepara, se cancela, se reintenta, se rescata y caduca; y nunca se pierde."""

import errno
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.conf import settings as de_siempre
from django.db import DatabaseError, connection, connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from llamadas.exportacion.exportar import exportar
from llamadas.exportacion.formatos import FORMATOS
from llamadas.models import Exportacion, Llamada, Seleccionada
from llamadas.trabajos import cola, estados, intentos, latidos, mantenimiento
from llamadas.trabajos.almacen import Provisional, almacen
from llamadas.trabajos.estados import SE_AGOTO
from llamadas.trabajos.parada import PARADA
from usuarios.models import Rol, Usuario

from ..datos import esperar, finalizada, nadie_lee, sembrar
from ..encargos import RUTA, al_dia, almacen_en, en_el_almacen, ficheros_de, trabajar, un_encargo
from ..receptores import Receptor, no_contesta

pytestmark = pytest.mark.django_db(transaction=True)

HACE_RATO = timedelta(seconds=31)


@pytest.fixture(autouse=True)
def _almacen_vacio(monkeypatch):
    monkeypatch.setattr(mantenimiento, "SEGUNDOS_DE_RESPIRO", 0)
    for nombre in en_el_almacen():
        almacen().quitar(nombre)
    yield
    esperar(nadie_lee)


def envejecer(encargo, **fechas):
    """Como si hubiera pasado el tiempo."""
    Exportacion.objects.filter(pk=encargo.pk).update(**{n: timezone.now() - hace for n, hace in fechas.items()})


def ya_toca(encargo):
    envejecer(encargo, revisar=timedelta(seconds=1), no_antes=timedelta(seconds=1))


def que_falle(monkeypatch, error, veces=99):
    """Hace que preparar un encargo falle las primeras veces."""
    quedan = [error] * veces
    de_verdad = intentos.exportar

    def exportar(*args, **kwargs):
        if quedan:
            raise quedan.pop()
        return de_verdad(*args, **kwargs)

    monkeypatch.setattr(intentos, "exportar", exportar)


def test_de_principio_a_fin(administrador):
    sembrar(5)
    encargo = un_encargo(administrador)
    assert (encargo.estado, encargo.filas_previstas) == ("pendiente", 5)
    trabajar()
    al_dia(encargo)
    assert (encargo.estado, encargo.filas, encargo.intento) == ("completada", 5, 1)
    assert en_el_almacen() == [encargo.archivo]
    assert encargo.caduca - encargo.terminada == pytest.approx(timedelta(days=7), abs=timedelta(seconds=5))
    fichero = de_siempre.CARPETA_DE_EXPORTACIONES / encargo.archivo
    assert fichero.stat().st_mode & 0o777 == 0o600
    assert fichero.stat().st_size == encargo.bytes


def test_la_carpeta_que_se_crea_es_solo_de_su_dueno(tmp_path):
    almacen = almacen_en(tmp_path / "nueva" / "exportaciones")
    assert almacen.carpeta.stat().st_mode & 0o777 == 0o700


def test_una_carpeta_abierta_se_cierra_a_los_demas(tmp_path):
    abierta = tmp_path / "abierta"
    abierta.mkdir(mode=0o755)
    assert almacen_en(abierta).carpeta.stat().st_mode & 0o777 == 0o700


def test_de_una_seleccion_de_la_administracion(con_sesion, administrador):
    una, otra, _ = finalizada(), finalizada(), finalizada()
    sin_finalizar = Llamada.objects.create(numero_destino="+34600")
    datos = {"action": "exportar_en_segundo_plano", "_selected_action": [una.pk, otra.pk, sin_finalizar.pk]}
    pregunta = con_sesion.post("/admin/llamadas/llamada/", datos).content.decode()
    assert "<strong>2 llamadas</strong>, las que se han seleccionado" in pregunta
    assert "Quedan fuera 1 sin finalizar" in pregunta
    con_sesion.post("/admin/llamadas/llamada/", {**datos, "formato": "json", "avisar_correo": "on"})
    finalizada()  # no estaba en la selección
    encargo = Exportacion.objects.get()
    assert (encargo.formato, encargo.avisar_correo, encargo.filas_previstas) == ("json", True, 2)
    assert (encargo.puerta, encargo.modo) == ("administracion", "segundo_plano")
    trabajar()
    assert (al_dia(encargo).estado, encargo.filas) == ("completada", 2)
    contenido = almacen().open(encargo.archivo).read().decode()
    assert f'"llamada_id":{una.pk}' in contenido
    assert f'"llamada_id":{otra.pk}' in contenido


def test_de_todas_las_de_una_busqueda_sin_apuntar_lo_que_se_busco(con_sesion):
    finalizada(numero_destino="+34600111222")
    sembrar(150)
    datos = {"action": "exportar_en_segundo_plano", "_selected_action": [1], "select_across": "1", "formato": "csv"}
    con_sesion.post("/admin/llamadas/llamada/?q=600111222", datos)
    encargo = Exportacion.objects.get()
    trabajar()
    assert al_dia(encargo).filas == 1
    assert "600111222" not in str(Exportacion.objects.values().get())


def test_una_seleccion_sin_ninguna_finalizada(con_sesion):
    pendiente = Llamada.objects.create(numero_destino="+34600")
    datos = {"action": "exportar_en_segundo_plano", "_selected_action": [pendiente.pk], "formato": "csv"}
    pagina = con_sesion.post("/admin/llamadas/llamada/", datos, follow=True).content.decode()
    assert "no hay nada que exportar" in pagina
    assert not Exportacion.objects.exists()


# --- Cuando algo falla -----------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [DatabaseError("se ha caído"), OSError(errno.EIO, "disco"), ValueError("un fallo")])
def test_un_fallo_se_reintenta(administrador, monkeypatch, error):
    sembrar(5)
    que_falle(monkeypatch, error, veces=2)
    encargo = un_encargo(administrador)
    for intento in (1, 2):
        trabajar()
        assert (al_dia(encargo).estado, encargo.intento) == ("pendiente", intento)
        assert "se vuelve a intentar" in encargo.mensaje
        assert en_el_almacen() == []
        ya_toca(encargo)
    trabajar()
    assert (al_dia(encargo).estado, encargo.intento, encargo.mensaje) == ("completada", 3, "")


def test_tras_tres_intentos_falla_con_un_mensaje_para_quien_la_pidio(administrador, monkeypatch):
    que_falle(monkeypatch, ValueError("secreto interno"))
    encargo = un_encargo(administrador)
    for _ in range(4):
        trabajar()
        ya_toca(encargo)
    assert (al_dia(encargo).estado, encargo.intento, encargo.mensaje) == ("fallida", 3, SE_AGOTO)
    assert "secreto" not in encargo.mensaje
    assert encargo.terminada


def test_entre_intentos_se_espera(administrador, monkeypatch):
    que_falle(monkeypatch, ValueError("un fallo"), veces=1)
    encargo = un_encargo(administrador)
    trabajar()
    trabajar()
    assert (al_dia(encargo).estado, encargo.intento) == ("pendiente", 1)


@pytest.mark.parametrize("cambio", [{"is_active": False}, {"rol": Rol.AGENTE}])
def test_quien_ya_no_es_administrador_no_exporta(administrador, cambio):
    encargo = un_encargo(administrador)
    Usuario.objects.filter(pk=administrador.pk).update(**cambio)
    trabajar()
    assert (al_dia(encargo).estado, encargo.mensaje) == ("fallida", "Quien la pidió ya no es administrador.")


def test_lo_que_ha_dejado_de_valer_se_dice(administrador, agente):
    encargo = un_encargo(administrador, opciones={"usuario": "agente@example.com"})
    Usuario.objects.filter(pk=agente.pk).update(email="casada@example.com")
    trabajar()
    assert al_dia(encargo).estado == "fallida"
    assert "«agente@example.com» no es el correo de ningún usuario" in encargo.mensaje


def test_con_el_disco_lleno_se_espera_a_que_haya_sitio(administrador, disco_pequeno, monkeypatch):
    sembrar(3000)  # unos 250 KB: por la estimación no caben con margen
    (disco_pequeno / "lastre").write_bytes(b"x" * 100_000)
    pequeno = almacen_en(disco_pequeno)
    monkeypatch.setattr(intentos, "almacen", lambda: pequeno)
    encargo = un_encargo(administrador)
    for _ in range(5):  # más que los intentos que hay: esperar no es fallar
        trabajar()
        assert al_dia(encargo).estado == "pendiente"
        assert "No hay sitio en el disco" in encargo.mensaje
        assert ficheros_de(disco_pequeno) == ["lastre"]
        ya_toca(encargo)
    (disco_pequeno / "lastre").unlink()
    monkeypatch.setattr("llamadas.trabajos.almacen.MARGEN", 0.5)
    trabajar()
    assert al_dia(encargo).estado == "completada"


def test_si_el_disco_se_llena_a_mitad_no_queda_nada_a_medias(administrador, disco_pequeno, monkeypatch):
    sembrar(10_000)
    pequeno = almacen_en(disco_pequeno)
    monkeypatch.setattr(intentos, "almacen", lambda: pequeno)
    monkeypatch.setattr("llamadas.trabajos.almacen.MARGEN", 0)
    encargo = un_encargo(administrador)
    trabajar()
    assert al_dia(encargo).estado == "pendiente"
    assert "No hay sitio en el disco" in encargo.mensaje
    assert ficheros_de(disco_pequeno) == []
    ya_toca(encargo)
    envejecer(encargo, creada=timedelta(days=2))
    trabajar()
    assert al_dia(encargo).estado == "fallida"


def test_un_xlsx_no_necesita_sitio_en_los_temporales(administrador, disco_pequeno, monkeypatch, settings, tmp_path):
    sembrar(10_000)
    with suppress(OSError):
        (disco_pequeno / "lastre").write_bytes(b"x" * 10**6)  # lleno
    monkeypatch.setattr(tempfile, "tempdir", str(disco_pequeno))
    monkeypatch.setenv("TMPDIR", str(disco_pequeno))
    settings.EXPORTACIONES_CARPETA = tmp_path
    encargo = un_encargo(administrador, opciones={"formato": "xlsx"})
    trabajar()
    assert (al_dia(encargo).estado, encargo.filas) == ("completada", 10_000)


def envuelto(error):
    try:
        try:
            raise error
        except OSError as causa:
            raise ValueError("la biblioteca no ha podido") from causa
    except ValueError as este:
        return este


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "lleno"),
        OSError(errno.EDQUOT, "sin cuota"),
        envuelto(OSError(errno.ENOSPC, "lleno")),
        envuelto(OSError(errno.EDQUOT, "sin cuota")),
    ],
)
def test_sin_sitio_no_es_un_intento_fallido_aunque_lo_diga_otro(administrador, monkeypatch, error):
    que_falle(monkeypatch, error)
    encargo = un_encargo(administrador)
    trabajar()
    assert (al_dia(encargo).estado, encargo.intentos_fallidos) == ("pendiente", 0)
    assert "No hay sitio en el disco" in encargo.mensaje


def test_si_no_se_sabe_si_se_publico_se_pregunta_hasta_saberlo(administrador, monkeypatch):
    """La base confirma y muere antes de contestar."""
    finalizada()
    de_verdad = estados.publicar
    respuestas = [DatabaseError("se ha perdido la conexión")]

    def publicar(*args):
        publicada = de_verdad(*args)
        if respuestas:
            raise respuestas.pop()
        return publicada

    monkeypatch.setattr(estados, "publicar", publicar)
    encargo = un_encargo(administrador, avisar_correo=True)
    trabajar()
    assert al_dia(encargo).estado == "completada"
    assert en_el_almacen() == [encargo.archivo]
    assert encargo.avisos.count() == 1


# --- Cuando muere quien lo hace --------------------------------------------------------------------------


def dejar_a_medias(administrador):
    """Un encargo que alguien reclamó, y que murió tras escribir la mitad."""
    encargo = un_encargo(administrador)
    reclamado = estados.reclamar(encargo.pk)
    DBTaskResult.objects.all().delete()
    (almacen().carpeta / f"{encargo.pk}-1.parcial").write_bytes(b"la mitad")
    return reclamado


def test_el_de_un_muerto_se_vuelve_a_hacer(administrador):
    finalizada()
    encargo = dejar_a_medias(administrador)
    trabajar()
    assert al_dia(encargo).estado == "en_curso"  # aún puede estar vivo
    envejecer(encargo, latido=HACE_RATO)
    trabajar()
    assert (al_dia(encargo).estado, encargo.intento) == ("completada", 2)
    assert en_el_almacen() == [f"{encargo.pk}-2"]


def test_preguntar_por_el_de_un_muerto_no_cambia_nada_y_lo_rescata_quien_cuida(con_token, administrador, monkeypatch):
    monkeypatch.setattr(time, "sleep", None)  # quien pregunta tampoco espera a nadie
    encargo = dejar_a_medias(administrador)
    envejecer(encargo, latido=HACE_RATO)
    antes = Exportacion.objects.values().get()
    assert con_token.get(f"{RUTA}/{encargo.pk}").json()["estado"] == "en_curso"
    assert con_token.get(f"{RUTA}/{encargo.pk}/archivo").status_code == 409
    assert (Exportacion.objects.values().get(), DBTaskResult.objects.count()) == (antes, 0)
    monkeypatch.undo()
    monkeypatch.setattr(mantenimiento, "SEGUNDOS_DE_RESPIRO", 0)
    mantenimiento.hacer(mantenimiento.A_MENUDO)
    assert (al_dia(encargo).estado, DBTaskResult.objects.count()) == ("pendiente", 1)


def test_preguntar_por_uno_cuyo_mensaje_se_perdio_no_cambia_nada(con_token, administrador):
    encargo = un_encargo(administrador)
    DBTaskResult.objects.all().delete()
    ya_toca(encargo)
    antes = Exportacion.objects.values().get()
    assert con_token.get(f"{RUTA}/{encargo.pk}").json()["estado"] == "pendiente"
    assert (Exportacion.objects.values().get(), DBTaskResult.objects.count()) == (antes, 0)


def test_el_que_mata_a_tres_falla_y_avisa(administrador):
    finalizada()
    encargo = un_encargo(administrador, avisar_correo=True)
    for _ in range(3):
        assert estados.reclamar(encargo.pk)
        envejecer(encargo, latido=HACE_RATO)
        mantenimiento.rescatar()
    assert (al_dia(encargo).estado, encargo.mensaje) == ("fallida", SE_AGOTO)
    assert encargo.avisos.get().suceso == "fallida"


def test_quien_se_creia_muerto_y_vuelve_ya_no_puede_nada(administrador):
    """El intento 1 se queda parado más de 30 segundos, otro lo empieza de nuevo, y el 1 despierta."""
    finalizada()
    zombi = dejar_a_medias(administrador)
    almacen().quitar(f"{zombi.pk}-1.parcial")
    envejecer(zombi, latido=HACE_RATO)
    mantenimiento.rescatar()
    vivo = estados.reclamar(zombi.pk)
    assert (zombi.intento, vivo.intento) == (1, 2)
    assert not estados.latir(zombi, 10, 10)
    assert not estados.fallar(zombi, "mentira")
    assert not estados.devolver(zombi)
    archivo = exportar(Llamada.objects.finalizadas())
    with closing(archivo.trozos), almacen().provisional(zombi.pk, 1) as fichero:
        assert not estados.publicar(zombi, fichero, archivo)
    assert estados.latir(vivo, 10, 10)
    assert al_dia(vivo).estado == "en_curso"


def test_quien_despierta_tarde_no_borra_lo_que_otro_ha_publicado(administrador):
    finalizada()
    zombi = dejar_a_medias(administrador)
    almacen().quitar(f"{zombi.pk}-1.parcial")
    envejecer(zombi, latido=HACE_RATO)
    trabajar()
    assert al_dia(Exportacion.objects.get()).estado == "completada"
    assert not intentos._preparar(zombi)
    assert en_el_almacen() == [f"{zombi.pk}-2"]


def test_los_mensajes_repetidos_no_se_comen_los_intentos(administrador, monkeypatch):
    que_falle(monkeypatch, ValueError("un fallo"))
    encargo = un_encargo(administrador)
    for _ in range(3):
        intentos.ejecutar(encargo.pk)
    assert (al_dia(encargo).estado, encargo.intento) == ("pendiente", 1)


def test_si_lo_pierde_a_mitad_lo_deja_y_no_queda_su_fichero(administrador, monkeypatch):
    sembrar(20_000)
    encargo = un_encargo(administrador)
    monkeypatch.setattr(latidos, "SEGUNDOS", 0.01)
    de_verdad = intentos.exportar

    def exportar(*args, **kwargs):
        Exportacion.objects.filter(pk=encargo.pk).update(intento=7)  # otro lo ha empezado
        time.sleep(0.1)
        return de_verdad(*args, **kwargs)

    monkeypatch.setattr(intentos, "exportar", exportar)
    intentos.ejecutar(encargo.pk)
    assert (al_dia(encargo).estado, encargo.intento) == ("en_curso", 7)
    assert en_el_almacen() == []


def test_dos_a_la_vez_solo_lo_reclama_uno(administrador):
    encargo = un_encargo(administrador)
    assert estados.reclamar(encargo.pk)
    assert estados.reclamar(encargo.pk) is None


def test_si_se_pierde_el_mensaje_de_la_cola_se_vuelve_a_poner(administrador):
    finalizada()
    encargo = un_encargo(administrador)
    DBTaskResult.objects.all().delete()
    trabajar()
    assert al_dia(encargo).estado == "pendiente"
    ya_toca(encargo)
    trabajar()
    assert al_dia(encargo).estado == "completada"


def test_un_mensaje_repetido_no_hace_nada(administrador):
    finalizada()
    encargo = un_encargo(administrador)
    for _ in range(3):
        cola.preparar.enqueue(str(encargo.pk))
    trabajar()
    assert (al_dia(encargo).estado, encargo.intento) == ("completada", 1)
    assert en_el_almacen() == [encargo.archivo]


def test_si_la_cola_no_responde_no_se_pierde(administrador, monkeypatch, con_token):
    finalizada()

    def caida(*_):
        raise ConnectionError("no hay nadie")

    with monkeypatch.context() as roto:
        roto.setattr(type(cola.preparar), "enqueue", caida)
        assert con_token.post(RUTA, "{}", content_type="application/json").status_code == 202
    encargo = Exportacion.objects.get()
    assert encargo.estado == "pendiente"
    ya_toca(encargo)
    trabajar()
    assert al_dia(encargo).estado == "completada"


# --- Lo que se guarda ------------------------------------------------------------------------------------


def test_caduca(administrador, con_token):
    una = finalizada()
    encargo = un_encargo(administrador, seleccion=Llamada.objects.filter(pk=una.pk))
    trabajar()
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    assert al_dia(encargo).estado == "completada"
    envejecer(encargo, caduca=timedelta(seconds=1))
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    assert (al_dia(encargo).estado, encargo.mensaje) == ("caducada", "Se guardó 7 días, y ya no está.")
    assert en_el_almacen() == []
    assert not Seleccionada.objects.exists()
    assert con_token.get(f"{RUTA}/{encargo.pk}/archivo").status_code == 410
    assert encargo.filas == 1  # el historial queda


def test_se_barre_lo_que_no_es_de_nadie_y_solo_eso(administrador):
    finalizada()
    completada, en_curso = un_encargo(administrador), un_encargo(administrador, opciones={"formato": "json"})
    intentos.ejecutar(completada.pk)
    estados.reclamar(en_curso.pk)
    carpeta = almacen().carpeta
    ajenos = [f"{completada.pk}-9", f"{en_curso.pk}-7.parcial"]
    de_otra_base = "00000000-0000-0000-0000-000000000000-1"
    propios = [al_dia(completada).archivo, f"{en_curso.pk}-1.parcial", "LEEME", de_otra_base]
    for nombre in [*ajenos, *propios[1:]]:
        (carpeta / nombre).write_bytes(b"x")
    mantenimiento.barrer()
    assert en_el_almacen() == sorted(propios)
    (carpeta / "LEEME").unlink()
    almacen().quitar(de_otra_base)


def test_una_directa_de_la_que_no_se_sabe_nada_se_cierra(con_token):
    con_token.get("/api/v1/llamadas/exportar")
    directa = Exportacion.objects.get()
    envejecer(directa, latido=timedelta(seconds=20))
    Exportacion.objects.update(estado="en_curso")
    mantenimiento.cerrar_directas()
    assert al_dia(directa).estado == "en_curso"
    envejecer(directa, latido=timedelta(seconds=40))
    mantenimiento.cerrar_directas()
    assert (al_dia(directa).estado, directa.rota_por) == ("fallida", "servidor")


def test_que_una_tarea_de_mantenimiento_falle_no_quita_las_demas(caplog):
    def roto():
        raise OSError("no hay disco")

    hechos = []
    mantenimiento.hacer([roto, lambda: hechos.append(1)])
    assert hechos == [1]
    assert "Ha fallado una tarea de mantenimiento: roto" in caplog.text


# --- El comando ------------------------------------------------------------------------------------------


PREPARAR = "import sys, time, django\ndjango.setup()\n"
EMPEZAR = "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)"
DESPACIO = """
from llamadas.trabajos.latidos import Latidos
avanzar = Latidos.avanzar
Latidos.avanzar = lambda latidos, filas: (time.sleep(2), avanzar(latidos, filas))
"""
CON_PACIENCIA = "from llamadas.avisos import red\nred.SEGUNDOS = 600"
SIN_PRISA = "from llamadas.management.commands import trabajador\ntrabajador.SEGUNDOS_ENTRE_TAREAS = 600"


@pytest.fixture
def trabajador(entorno, tmp_path):
    """Arranca trabajadores de verdad, y acaba con los que queden."""
    vivos = []

    def arrancar(*argumentos, antes="", **variables):
        """Uno que ejecuta eso `antes`, como cambiarle los plazos para que no sean ellos los que hagan pasar algo."""
        orden = [sys.executable, "-c", f"{PREPARAR}{antes}\n{EMPEZAR}", "trabajador", *argumentos]
        salida = (tmp_path / "trabajador.log").open("ab")
        de_este = {**entorno, "DJANGO_SETTINGS_MODULE": "discador.settings", **variables}
        donde = de_siempre.BASE_DIR
        vivos.append(subprocess.Popen(orden, cwd=donde, env=de_este, stdout=salida, stderr=salida))
        return vivos[-1]

    yield arrancar
    for vivo in vivos:
        vivo.kill()
        vivo.wait()


def test_una_vez_hace_lo_que_haya_y_acaba(administrador, ejecutar):
    finalizada()
    encargo = un_encargo(administrador, avisar_correo=True)
    resultado = ejecutar("trabajador", "--una-vez")
    assert resultado.returncode == 0, resultado.stderr
    assert al_dia(encargo).estado == "completada"
    assert "Sin EMAIL_URL no se envía a admin@example.com: Su exportación" in resultado.stderr.decode()
    assert encargo.avisos.get().estado == "escrito"


def test_sin_tablas_dice_que_hacer(ejecutar, tmp_path):
    resultado = ejecutar("trabajador", DATABASE_URL=f"sqlite:///{tmp_path}/vacia.sqlite3")
    assert resultado.returncode == 1
    assert "manage.py migrate" in resultado.stderr.decode()
    assert b"Traceback" not in resultado.stderr


@pytest.mark.parametrize(
    ("variables", "pista"),
    [
        ({"EXPORTACIONES_CARPETA": "/proc/exportaciones"}, "No se puede usar EXPORTACIONES_CARPETA"),
        ({"TASKS_BACKEND": "rq", "REDIS_URL": "redis://127.0.0.1:1"}, "La cola no responde"),
    ],
)
def test_si_no_puede_trabajar_lo_dice_sin_traza(ejecutar, variables, pista):
    resultado = ejecutar("trabajador", "--una-vez", **variables)
    assert resultado.returncode == 1
    assert pista in resultado.stderr.decode()
    assert b"Traceback" not in resultado.stderr


@pytest.mark.parametrize("formato", ["json", "xlsx"])
def test_cancelar_una_en_curso_la_para_en_segundos(administrador, trabajador, con_token, formato):
    sembrar(200_000)
    encargo = un_encargo(administrador, opciones={"formato": formato})
    trabajador(antes=DESPACIO)  # si no se parara, tardaría más de lo que se espera; y al acabar también se borraría
    esperar(lambda: al_dia(encargo).filas)  # ya está leyendo: antes no habría nada que parar
    assert en_el_almacen()
    assert con_token.delete(f"{RUTA}/{encargo.pk}").json()["estado"] == "cancelada"
    esperar(lambda: not en_el_almacen())
    esperar(nadie_lee)
    assert al_dia(encargo).estado == "cancelada"


def test_con_sigterm_se_devuelve_a_la_cola_y_otro_la_acaba(administrador, trabajador):
    sembrar(40_000)
    encargo = un_encargo(administrador, opciones={"formato": "xlsx"})
    primero = trabajador("--gracia", "0", antes=DESPACIO)
    esperar(lambda: al_dia(encargo).estado == "en_curso")
    primero.send_signal(signal.SIGTERM)
    assert primero.wait(timeout=60) == 0
    assert (al_dia(encargo).estado, encargo.intentos_fallidos) == ("pendiente", 0)
    assert en_el_almacen() == []
    trabajador()
    esperar(lambda: al_dia(encargo).estado == "completada")
    assert encargo.intento == 2


def test_con_sigterm_y_tiempo_se_acaba(administrador, trabajador):
    sembrar(60_000)
    encargo = un_encargo(administrador, opciones={"formato": "xlsx"})
    proceso = trabajador("--gracia", "600")  # si la agotara, no acabaría a tiempo
    esperar(lambda: al_dia(encargo).estado == "en_curso")
    proceso.send_signal(signal.SIGTERM)
    assert proceso.wait(timeout=60) == 0
    assert (al_dia(encargo).estado, encargo.intento) == ("completada", 1)


def test_sin_nada_que_hacer_sigterm_lo_para_enseguida(trabajador, tmp_path):
    proceso = trabajador("--gracia", "600", antes=SIN_PRISA)  # si esperara a algo, no acabaría a tiempo
    esperar(lambda: "en marcha" in (tmp_path / "trabajador.log").read_text())
    time.sleep(0.3)
    proceso.send_signal(signal.SIGTERM)
    assert proceso.wait(timeout=60) == 0


def test_un_webhook_que_no_responde_no_retrasa_la_parada(administrador, trabajador, tmp_path, settings):
    settings.EXPORTACIONES_POR_USUARIO = 9
    with Receptor(tmp_path) as receptor:
        receptor.respuestas = [no_contesta(120)] * 9
        for formato in FORMATOS:
            un_encargo(administrador, opciones={"formato": formato}, webhook_url=receptor.url)
        de_dentro = {"WEBHOOK_CA": str(receptor.autoridad), "WEBHOOK_REDES_PERMITIDAS": "127.0.0.0/8"}
        proceso = trabajador("--gracia", "1", antes=CON_PACIENCIA, **de_dentro)
        esperar(lambda: len(receptor.peticiones) >= 3)
        proceso.send_signal(signal.SIGTERM)
        assert proceso.wait(timeout=60) == 0


def test_dice_por_donde_va(administrador, con_token, monkeypatch):
    sembrar(30_000)
    encargo = un_encargo(administrador, opciones={"formato": "json"})
    monkeypatch.setattr(latidos, "SEGUNDOS", 0.01)
    visto = Event()
    de_verdad = Provisional.escribir

    def escribir(fichero, bloque):
        de_verdad(fichero, bloque)
        if fichero.escritos > 3_000_000:  # a mitad, y no sigue hasta que se haya visto
            assert visto.wait(60)

    def preparar():
        intentos.ejecutar(encargo.pk)
        connections.close_all()

    def va_por():
        datos = con_token.get(f"{RUTA}/{encargo.pk}").json()
        return datos["estado"], datos["porcentaje"], datos["filas"]

    monkeypatch.setattr(Provisional, "escribir", escribir)
    assert va_por() == ("pendiente", 0, 0)
    hilo = Thread(target=preparar)
    hilo.start()
    try:
        esperar(lambda: va_por()[1] > 0)
        estado, porcentaje, filas = va_por()
    finally:
        visto.set()
        hilo.join()
    assert (estado, porcentaje) == ("en_curso", filas * 100 // 30_000)
    assert 0 < porcentaje < 100
    assert va_por() == ("completada", 100, 30_000)


def test_si_se_corta_la_base_a_mitad_se_vuelve_a_empezar(administrador, trabajador):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite no tiene un servidor que se pueda reiniciar")
    sembrar(600_000)
    encargo = un_encargo(administrador, opciones={"formato": "xlsx"})
    trabajador()
    esperar(lambda: al_dia(encargo).filas)  # ya está leyendo: antes no habría nada que cortarle
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    esperar(lambda: al_dia(encargo).estado == "pendiente")
    assert "Ha fallado la base de datos" in encargo.mensaje
    assert en_el_almacen() == []
    ya_toca(encargo)
    esperar(lambda: al_dia(encargo).estado == "completada")
    assert en_el_almacen() == [encargo.archivo]


@pytest.mark.parametrize("formato", FORMATOS)
def test_cada_formato_se_puede_preparar(administrador, formato):
    sembrar(10)
    encargo = un_encargo(administrador, opciones={"formato": formato})
    trabajar()
    assert (al_dia(encargo).estado, encargo.filas) == ("completada", 10)
    assert encargo.tipo_mime == FORMATOS[formato].tipo_mime


def test_parar_dos_veces_no_espera():
    parada = type(PARADA)()
    parada.gracia = 100
    assert not parada.pedida
    parada.pedir()
    assert parada.pedida
    assert not parada.vencida
    parada.pedir()
    assert parada.vencida
