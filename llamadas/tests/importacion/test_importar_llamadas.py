"""El comando importar_llamadas: lo que entra, lo que se rechaza y por qué."""

import gzip
import io
import os
import pty
import shutil
import subprocess
import sys
import termios
import time
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from llamadas.exportacion.exportar import exportar, exportar_llamadas_finalizadas_csv
from llamadas.exportacion.formatos import DIALECTOS, FORMATOS
from llamadas.exportacion.opciones import Opciones
from llamadas.models import Estado, Llamada
from usuarios.models import Rol, Usuario

from ..datos import CABECERA, finalizada, sembrar

pytestmark = pytest.mark.django_db

BUENA = (
    "7,+34600123456,finalizada,contestada,2026-01-31T09:00:00,2026-01-31T09:00:09,"
    "2026-01-31T09:05:00,290,ana@example.com\r\n"
)


@pytest.fixture
def importar(tmp_path):
    def importar(contenido, *opciones, nombre="llamadas.csv"):
        fichero = tmp_path / nombre
        fichero.write_bytes(contenido if isinstance(contenido, bytes) else contenido.encode())
        salida = io.StringIO()
        call_command("importar_llamadas", str(fichero), *opciones, stdout=salida)
        return salida.getvalue().strip()

    return importar


def rechazo(importar, contenido, *opciones):
    """El mensaje con que se rechaza, habiendo comprobado que no se ha escrito nada."""
    antes = (Llamada.objects.count(), Usuario.objects.count())
    with pytest.raises(CommandError) as error:
        importar(contenido, *opciones)
    assert (Llamada.objects.count(), Usuario.objects.count()) == antes
    assert "no se ha escrito nada" in str(error.value)
    return str(error.value)


def test_importa_y_crea_a_los_agentes_sin_contrasena(importar):
    assert importar(CABECERA + BUENA) == "Llamadas nuevas: 1. Ya estaban: 0. Agentes nuevos: 1."
    llamada = Llamada.objects.get()
    assert llamada.pk == 7
    assert llamada.numero_destino == "+34600123456"
    assert llamada.fecha_conexion == datetime(2026, 1, 31, 9, 0, 9, tzinfo=UTC)
    assert llamada.duracion_segundos == 290
    assert llamada.usuario.email == "ana@example.com"
    assert llamada.usuario.rol == Rol.AGENTE
    assert not llamada.usuario.has_usable_password()
    assert exportar_llamadas_finalizadas_csv() == CABECERA + BUENA


def test_repetirlo_no_cambia_nada_y_dice_cuantas_estaban(importar):
    sembrar(5)
    texto = exportar_llamadas_finalizadas_csv()
    antes = list(Llamada.objects.order_by("pk").values())
    assert importar(texto) == "Llamadas nuevas: 0. Ya estaban: 5. Agentes nuevos: 0."
    assert list(Llamada.objects.order_by("pk").values()) == antes


def test_lo_exportado_de_la_base_con_microsegundos_ya_esta(importar):
    finalizada(fecha_finalizacion=datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC))
    assert importar(exportar_llamadas_finalizadas_csv()).startswith("Llamadas nuevas: 0. Ya estaban: 1.")


def test_anade_solo_las_que_faltan(importar):
    importar(CABECERA + BUENA)
    assert importar(CABECERA + BUENA + BUENA.replace("7,", "8,", 1)).startswith(
        "Llamadas nuevas: 1. Ya estaban: 1. Agentes nuevos: 0"
    )


def test_el_correo_del_agente_no_distingue_mayusculas(importar, agente):
    importar(CABECERA + BUENA.replace("ana@example.com", "AGENTE@Example.com"))
    assert Llamada.objects.get().usuario == agente


def test_acepta_gzip_diga_lo_que_diga_el_nombre_y_bom(importar):
    assert importar(gzip.compress((CABECERA + BUENA).encode()), nombre="sin_extension").startswith(
        "Llamadas nuevas: 1."
    )
    assert importar(b"\xef\xbb\xbf" + (CABECERA + BUENA).encode()).startswith("Llamadas nuevas: 0. Ya estaban: 1.")


def test_acepta_las_columnas_en_otro_orden_y_lineas_en_blanco(importar):
    texto = "usuario_email," + CABECERA.replace(",usuario_email", "") + "\r\n,1,,finalizada,,,,,\r\n"
    assert importar(texto).startswith("Llamadas nuevas: 1.")
    assert Llamada.objects.get().usuario is None


def test_una_linea_desmedida_se_rechaza_sin_leerla_entera(importar):
    assert "línea 2: es demasiado larga" in rechazo(importar, gzip.compress(CABECERA.encode() + b"1" * 10_000_000))


def test_un_fichero_con_solo_la_cabecera_no_tiene_llamadas(importar):
    assert importar(CABECERA) == "Llamadas nuevas: 0. Ya estaban: 0. Agentes nuevos: 0."


def test_las_llamadas_sin_finalizar_tambien_entran(importar):
    importar(CABECERA + "1,600,pendiente,,,,,,\r\n")
    assert Llamada.objects.get().estado == Estado.PENDIENTE


@pytest.mark.parametrize(
    ("linea", "columna", "motivo"),
    [
        ("x,1,finalizada,,,,,,", "llamada_id", "«x» no es un número entero"),
        (",1,finalizada,,,,,,", "llamada_id", "no es un número entero"),
        ("0,1,finalizada,,,,,,", "llamada_id", "no está entre 1 y 9223372034707292159"),
        ("9223372036854775808,1,finalizada,,,,,,", "llamada_id", "no está entre"),
        ("9" * 5000 + ",1,finalizada,,,,,,", "llamada_id", "no está entre"),
        ("1_0,1,finalizada,,,,,,", "llamada_id", "no es un número entero"),
        ("1,1,terminada,,,,,,", "estado", "«terminada» no es ninguno de: pendiente, asignada"),
        ("1,1,,,,,,,", "estado", "no es ninguno de"),
        ("1,1,finalizada,si,,,,,", "resultado", "«si» no es ninguno de: contestada, no_contesta"),
        ("1,1,finalizada,,2026-02-30T00:00:00,,,,", "fecha_asignacion", "no es una fecha AAAA-MM-DDTHH:MM:SS"),
        ("1,1,finalizada,,,31/01/2026,,,", "fecha_conexion", "«31/01/2026» no es una fecha"),
        ("1,1,finalizada,,,2026-01-31,,,", "fecha_conexion", "no es una fecha"),
        ("1,1,finalizada,,,,2026-01-31T00:00:00Z,,", "fecha_finalizacion", "no es una fecha"),
        ("1,1,finalizada,,,,,-5,", "duracion_segundos", "«-5» no es un número entero"),
        ("1,1,finalizada,,,,,1.5,", "duracion_segundos", "no es un número entero"),
        ("1,1,finalizada,,,,,2147483648,", "duracion_segundos", "no está entre 0 y 2147483647"),
        ("1,1,finalizada,,,,,٣,", "duracion_segundos", "no es un número entero"),
        (f"1,{'9' * 65},finalizada,,,,,,", "numero_destino", "tiene 65 caracteres y caben 64"),
        (f"1,1,finalizada,,,,,,{'a' * 250}@x.es", "usuario_email", "caben 254"),
        ("1,1,finalizada,,,,,", None, "tiene 8 campos y deben ser 9"),
        ("1,1,finalizada,,,,,,,", None, "tiene 10 campos y deben ser 9"),
        ('1,"sin cerrar,finalizada,,,,,,', None, "comillas sin cerrar"),
    ],
)
def test_dice_la_linea_la_columna_y_el_motivo(importar, linea, columna, motivo):
    mensaje = rechazo(importar, f"{CABECERA}{BUENA}{linea}\r\n")
    assert (f"línea 3, columna {columna}: " if columna else "línea 3: ") in mensaje
    assert motivo in mensaje


def test_la_linea_cuenta_los_saltos_dentro_de_un_campo(importar):
    assert "línea 5, columna llamada_id" in rechazo(
        importar, CABECERA + '1,"a\r\nb\nc",finalizada,,,,,,\r\nx,,finalizada,,,,,,\r\n'
    )


@pytest.mark.parametrize(
    ("contenido", "motivo"),
    [
        ("", "línea 1: el fichero está vacío"),
        ("a,b,c\r\n", "Y sobran: a, b, c."),
        ("a,b,c\r\n", "línea 1: faltan columnas en la cabecera: llamada_id, numero_destino"),
        (CABECERA.replace(",estado", ""), "faltan columnas en la cabecera: estado."),
        (CABECERA.replace(",", "|"), "separadas por comas"),
        (CABECERA.replace("\r\n", ",nota\r\n"), "sobran columnas en la cabecera: nota"),
        (CABECERA.replace("\r\n", ",estado\r\n"), "repetidas"),
        (CABECERA + BUENA[:-2], "línea 2: el fichero acaba sin fin de línea: puede estar cortado"),
        ((CABECERA + BUENA).encode("utf-16"), "no es UTF-8"),
        (CABECERA.encode() + b"1,\xff,finalizada,,,,,,\r\n", "línea 2: no es UTF-8 (byte 3 de la línea)"),
        (gzip.compress((CABECERA + BUENA).encode())[:-9], "el gzip está cortado o dañado"),
        (b"\x1f\x8bbasura", "el gzip está cortado o dañado"),
    ],
)
def test_rechaza_un_fichero_malo(importar, contenido, motivo):
    assert motivo in rechazo(importar, contenido)


def test_un_nul_se_rechaza_donde_no_se_puede_guardar(importar):
    texto = CABECERA + "1,a\0b,finalizada,,,,,,\r\n"
    if connection.vendor == "postgresql":
        assert "línea 2, columna numero_destino: tiene un carácter NUL" in rechazo(importar, texto)
    else:
        importar(texto)
        assert Llamada.objects.get().numero_destino == "a\0b"


def test_cuenta_hasta_veinte_fallos_y_dice_que_puede_haber_mas(importar):
    mensaje = rechazo(importar, CABECERA + "x,1,mal,,,,,,\r\n" * 30)
    assert mensaje.count("columna") == 20
    assert "puede haber más" in mensaje
    assert "puede haber más" not in rechazo(importar, CABECERA + "x,1,mal,,,,,,\r\n" * 2)


def test_los_fallos_salen_por_orden_de_linea(importar):
    importar(CABECERA + BUENA)
    distinta = BUENA.replace("290", "1")
    mensaje = rechazo(importar, CABECERA + distinta + "x,1,mal,,,,,,\r\n" * 30)
    assert mensaje.index("línea 2, columna llamada_id: la llamada 7 ya está") < mensaje.index("línea 3")


def test_los_ceros_a_la_izquierda_no_cambian_un_numero(importar):
    importar(CABECERA + "00000000000000000000000007,1,finalizada,,,,,007,\r\n")
    assert Llamada.objects.filter(pk=7, duracion_segundos=7).exists()


def test_un_fallo_al_final_no_deja_nada_de_lo_anterior(importar):
    buenas = "".join(BUENA.replace("7,", f"{i},", 1) for i in range(1, 5001))
    assert "línea 5002" in rechazo(importar, CABECERA + buenas + "x,1,finalizada,,,,,,\r\n")


@pytest.mark.parametrize(
    ("campo", "otro", "columna"),
    [
        ("+34600123456", "+34600999999", "numero_destino"),
        ("contestada", "buzon", "resultado"),
        ("09:05:00", "09:05:01", "fecha_finalizacion"),
        ("290", "291", "duracion_segundos"),
        ("290", "", "duracion_segundos"),
        ("ana@example.com", "", "usuario_email"),
    ],
)
def test_una_llamada_que_ya_esta_con_otros_datos_es_un_error(importar, campo, otro, columna):
    importar(CABECERA + BUENA)
    mensaje = rechazo(importar, CABECERA + BUENA.replace(campo, otro))
    assert f"línea 2, columna llamada_id: la llamada 7 ya está, con otros datos en: {columna}." in mensaje


def test_lo_mismo_si_se_repite_dentro_del_fichero(importar):
    assert "línea 3" in rechazo(importar, CABECERA + BUENA + BUENA.replace("290", "1"))
    assert importar(CABECERA + BUENA * 3) == "Llamadas nuevas: 1. Ya estaban: 2. Agentes nuevos: 1."


def test_las_fechas_son_locales(importar, settings):
    settings.TIME_ZONE = "Europe/Madrid"
    importar(CABECERA + BUENA)
    assert Llamada.objects.get().fecha_finalizacion == datetime(2026, 1, 31, 8, 5, tzinfo=UTC)


def test_una_hora_que_el_reloj_se_salta_se_rechaza(importar, settings):
    settings.TIME_ZONE = "Europe/Madrid"
    mensaje = rechazo(importar, CABECERA + "1,1,finalizada,,,,2026-03-29T02:30:00,,\r\n")
    assert "columna fecha_finalizacion: «2026-03-29T02:30:00» no existe en Europe/Madrid" in mensaje


@pytest.mark.parametrize("fecha", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("zona", ["UTC", "Europe/Madrid", "America/Bogota"])
def test_los_extremos_del_calendario_van_y_vuelven(importar, settings, zona, fecha):
    settings.TIME_ZONE = zona
    texto = CABECERA + f"1,1,finalizada,,,,{fecha},,\r\n"
    importar(texto)
    assert exportar_llamadas_finalizadas_csv() == texto


def test_las_siguientes_llamadas_siguen_al_mayor_identificador(importar):
    lejano = finalizada().pk + 5000
    importar(CABECERA + BUENA.replace("7,", f"{lejano},", 1))
    assert finalizada().pk == lejano + 1
    importar(CABECERA + BUENA)
    assert finalizada().pk == lejano + 2


def test_un_fichero_que_no_existe_se_dice_sin_traza(ejecutar_aqui, transactional_db):
    resultado = ejecutar_aqui("importar_llamadas", "no_existe.csv")
    assert resultado.returncode == 1
    assert resultado.stderr.decode().startswith("CommandError: No se puede leer no_existe.csv: no existe.")


@pytest.mark.parametrize("comprimir", [bytes, gzip.compress])
def test_por_la_entrada_estandar(ejecutar, transactional_db, comprimir):
    resultado = ejecutar("importar_llamadas", "-", entrada=comprimir((CABECERA + BUENA).encode()))
    assert resultado.returncode == 0, resultado.stderr
    assert "Llamadas nuevas: 1." in resultado.stdout.decode()
    assert resultado.stderr == b""
    assert Llamada.objects.count() == 1


def test_desde_una_tuberia_con_nombre(ejecutar_aqui, transactional_db, tmp_path):
    tuberia = tmp_path / "tuberia"
    os.mkfifo(tuberia)
    with ThreadPoolExecutor(1) as hilo:
        hilo.submit(tuberia.write_bytes, (CABECERA + BUENA).encode())
        resultado = ejecutar_aqui("importar_llamadas", str(tuberia))
    assert resultado.returncode == 0, resultado.stderr
    assert Llamada.objects.count() == 1


def test_mientras_espera_a_quien_escribe_no_bloquea_la_base(entorno, transactional_db):
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "importar_llamadas", "-"]
    proceso = subprocess.Popen(orden, env=entorno, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    proceso.stdin.write(CABECERA.encode())
    proceso.stdin.flush()
    time.sleep(1)  # lo que tarda en arrancar y ponerse a leer
    finalizada()  # con la base bloqueada fallaría, pasados 20 segundos
    salida, _ = proceso.communicate(BUENA.encode(), timeout=30)
    assert "Llamadas nuevas: 1." in salida.decode()


def test_acaba_con_error_si_el_fichero_es_malo(ejecutar, transactional_db):
    resultado = ejecutar("importar_llamadas", "-", entrada=b"basura\n")
    assert resultado.returncode == 1
    assert b"Traceback" not in resultado.stderr


def test_en_un_terminal_ensena_el_progreso(entorno, transactional_db, tmp_path):
    (tmp_path / "x.csv").write_text(CABECERA + BUENA, newline="")
    maestro, esclavo = pty.openpty()
    termios.tcsetwinsize(esclavo, (24, 80))
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "importar_llamadas", "x.csv"]
    subprocess.run(orden, cwd=tmp_path, env=entorno, stderr=esclavo, stdout=subprocess.DEVNULL, check=True)
    os.close(esclavo)
    assert b"100%" in os.read(maestro, 65536)
    os.close(maestro)


def test_la_ayuda_explica_y_da_ejemplos(ejecutar_aqui):
    ayuda = ejecutar_aqui("importar_llamadas", "--help").stdout.decode()
    assert "Todo o nada" in ayuda
    assert "manage.py importar_llamadas llamadas.csv.gz" in ayuda


# --- De quién es cada llamada -----------------------------------------------------------------------------

NFC, NFD = "ana@peña.example", unicodedata.normalize("NFD", "ana@peña.example")


def con_correo(*correos):
    """Un fichero con una llamada de cada agente."""
    return CABECERA + "".join(f"{n},600,finalizada,,,,,,{correo}\r\n" for n, correo in enumerate(correos, 1))


@pytest.mark.parametrize(
    ("correo", "motivo"),
    [
        ("NULL", "no es una dirección de correo. Si la llamada no tiene agente, deje la celda vacía"),
        ("\\N", "no es una dirección"),
        ("nan", "no es una dirección"),
        ("None", "no es una dirección"),
        ("-", "no es una dirección"),
        (" ", "está en blanco"),
        ("\xa0", "está en blanco"),
        ("sin_agente", "no es una dirección"),
        ("mailto:ana@example.com", "¿Quería decir «ana@example.com»?"),
        ("MAILTO:ana@example.com", "¿Quería decir «ana@example.com»?"),
        ("ana@example.com ", "¿Quería decir «ana@example.com»?"),
        (" ana@example.com", "¿Quería decir «ana@example.com»?"),
        ("\tana@example.com", "no es una dirección"),
        ("ana@example.com\xa0", "U+00A0"),
        ("ana@example.com\u200b", "lleva caracteres que no se ven (U+200B). ¿Quería decir «ana@example.com»?"),
        ("ana@exam\u00adple.com", "U+00AD"),
        ("\ufeffana@example.com", "U+FEFF"),
        ("\u202aana@example.com\u202c", "U+202A, U+202C"),
        ("ana@example.com\ufe0f", "U+FE0F"),
        ("ana@exam\u3164ple.com", "lleva caracteres que no se ven (U+3164). ¿Quería decir «ana@example.com»?"),
        ("'ana@example.com", "¿Quería decir «ana@example.com»?"),
        ("ana＠example.com", "¿Quería decir «ana@example.com»?"),
        ("ana@ｅxample.com", "¿Quería decir «ana@example.com»?"),
        ("ana", "no es una dirección"),
        ("Ana <ana@example.com>", "no es una dirección"),
        ("ana@example.com;bea@example.com", "no es una dirección"),
        ("#N/A", "no es una dirección"),
    ],
)
def test_un_agente_nuevo_necesita_un_correo_que_valga(importar, correo, motivo):
    importar(con_correo("ana@example.com"))
    mensaje = rechazo(importar, con_correo("ana@example.com", correo))
    assert "línea 3, columna usuario_email: " in mensaje
    assert motivo in mensaje


@pytest.mark.parametrize("raro", ["NULL", "sin_agente", "mailto:ana@example.com", "ana@example.com ", "ñandú", NFD])
def test_quien_ya_es_usuario_lo_es_sea_como_sea_su_correo(importar, raro):
    finalizada(usuario=Usuario.objects.create(email=raro))
    texto = exportar_llamadas_finalizadas_csv()
    assert importar(texto) == "Llamadas nuevas: 0. Ya estaban: 1. Agentes nuevos: 0."
    Llamada.objects.all().delete()
    assert importar(texto) == "Llamadas nuevas: 1. Ya estaban: 0. Agentes nuevos: 0."
    assert exportar_llamadas_finalizadas_csv() == texto


@pytest.mark.parametrize("correos", [(NFC, NFD), (NFD, NFC)])
def test_las_dos_formas_unicode_de_un_correo_son_el_mismo_agente_y_se_guarda_la_compuesta(importar, correos):
    assert importar(con_correo(*correos)) == "Llamadas nuevas: 2. Ya estaban: 0. Agentes nuevos: 1."
    assert Usuario.objects.get().email == NFC
    assert importar(con_correo(*correos)) == "Llamadas nuevas: 0. Ya estaban: 2. Agentes nuevos: 0."


@pytest.mark.parametrize("guardado", [NFC, NFD])
def test_encuentra_al_agente_aunque_su_correo_este_en_la_otra_forma_unicode(importar, guardado):
    usuario = Usuario.objects.create(email=guardado)
    importar(con_correo(NFC, NFD))
    assert {llamada.usuario for llamada in Llamada.objects.all()} == {usuario}


def test_si_estan_las_dos_formas_unicode_cada_una_es_quien_es(importar):
    for correo in (NFC, NFD):
        finalizada(usuario=Usuario.objects.create(email=correo))
    texto = exportar_llamadas_finalizadas_csv()
    Llamada.objects.all().delete()
    importar(texto)
    assert exportar_llamadas_finalizadas_csv() == texto


# --- Fechas que no se inventan ----------------------------------------------------------------------------

MADRID = "Europe/Madrid"


def con_fines(*fines):
    """Un fichero con una llamada que acaba a cada hora del 25 de octubre de 2026: en Madrid, las 2 se repiten."""
    return CABECERA + "".join(f"{n},600,finalizada,,,,2026-10-25T{fin},,\r\n" for n, fin in enumerate(fines, 1))


def fines():
    return {pk: f"{fin:%H:%M:%S}" for pk, fin in Llamada.objects.values_list("pk", "fecha_finalizacion")}


def test_dentro_de_un_segundo_no_inventa_fracciones(importar):
    importar(CABECERA + "".join(f"{pk},600,finalizada,,,,2026-01-31T09:00:00,,\r\n" for pk in (3, 2, 1)))
    nueve = datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert dict(Llamada.objects.values_list("pk", "fecha_finalizacion")) == {1: nueve, 2: nueve, 3: nueve}


def test_la_hora_que_se_repite_la_decide_el_orden_de_una_exportacion(importar, settings):
    settings.TIME_ZONE = MADRID
    importar(con_fines("01:50:00", "02:30:00", "02:50:00", "02:05:00", "02:30:00", "03:10:00"))
    assert fines() == {1: "23:50:00", 2: "00:30:00", 3: "00:50:00", 4: "01:05:00", 5: "01:30:00", 6: "02:10:00"}


@pytest.mark.parametrize(
    ("horas", "linea", "motivo"),
    [
        # De la última a la primera.
        (["03:10:00", "02:40:00", "02:30:00", "01:50:00"], 3, "no va en el orden de una exportación"),
        (["02:40:00", "02:30:00"], 2, "el orden del fichero no dice cuál es"),
        (["02:40:00", "02:30:00", "01:50:00"], 2, "no va en el orden de una exportación"),
        (["03:10:00", "02:30:00"], 3, "no va en el orden"),
        # De cualquier manera; el desorden puede estar lejos, antes o después.
        (["02:40:00", "02:30:00", "02:20:00"], 2, "orden"),
        (["01:00:00", "02:40:00", "02:30:00", "05:00:00", "04:59:59"], 3, "la línea 6 acaba antes que alguna"),
        (["01:00:00", "00:59:59", "02:40:00", "02:30:00"], 4, "la línea 3 acaba antes que alguna"),
        (["02:50:00", "02:10:00", "02:40:00", "02:10:00"], 2, "no va en el orden"),
        # En orden, pero sin que se vea dónde está el cambio.
        (["02:30:00"], 2, "el orden del fichero no dice cuál es"),
        (["01:50:00", "02:30:00", "02:40:00", "03:10:00"], 3, "el orden del fichero no dice cuál es"),
    ],
)
def test_una_hora_repetida_que_el_orden_no_aclara_es_un_fallo(importar, settings, horas, linea, motivo):
    settings.TIME_ZONE = MADRID
    mensaje = rechazo(importar, con_fines(*horas))
    assert f"línea {linea}, columna fecha_finalizacion: «2026-10-25T02:" in mensaje
    assert "ocurre dos veces" in mensaje
    assert motivo in mensaje
    assert "--zona UTC" in mensaje


def test_el_desorden_da_igual_si_no_hay_horas_repetidas(importar, settings):
    settings.TIME_ZONE = MADRID
    importar(con_fines("09:00:00", "08:00:00", "01:59:59", "03:00:00"))
    assert fines() == {1: "08:00:00", 2: "07:00:00", 3: "23:59:59", 4: "02:00:00"}


def test_una_hora_repetida_de_una_llamada_que_ya_esta_no_hay_que_aclararla(importar, settings):
    settings.TIME_ZONE = MADRID
    finalizada(fecha_finalizacion=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert importar(exportar_llamadas_finalizadas_csv()).startswith("Llamadas nuevas: 0. Ya estaban: 1.")


@pytest.mark.parametrize(
    ("conexion", "fin", "duracion", "instante"),
    [
        ("02:50:00", "03:05:00", 900, "01:50:00"),
        ("02:50:00", "03:05:00", 4500, "00:50:00"),  # hora y cuarto: es la primera
        ("02:50:00", "03:05:00", "", "01:50:00"),
    ],
)
def test_la_conexion_que_se_repite_es_la_que_cuadra_con_la_duracion(
    importar, settings, conexion, fin, duracion, instante
):
    settings.TIME_ZONE = MADRID
    dia = "2026-10-25T"
    importar(CABECERA + f"1,600,finalizada,,{dia}{conexion},{dia}{conexion},{dia}{fin},{duracion},\r\n")
    llamada = Llamada.objects.get()
    assert f"{llamada.fecha_conexion:%H:%M:%S}" == f"{llamada.fecha_asignacion:%H:%M:%S}" == instante


def test_una_asignacion_que_se_repite_sin_nada_detras_es_un_fallo(importar, settings):
    settings.TIME_ZONE = MADRID
    mensaje = rechazo(importar, CABECERA + "1,600,asignada,,2026-10-25T02:30:00,,,,\r\n")
    assert "línea 2, columna fecha_asignacion: «2026-10-25T02:30:00» ocurre dos veces" in mensaje


@pytest.mark.parametrize("zona", ["UTC", MADRID, "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_lo_exportado_en_una_zona_se_importa_con_ella(importar, settings, zona):
    for cambio in (datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 4, 5, 3, tzinfo=UTC)):
        for minutos in range(-130, 130, 7):
            finalizada(fecha_finalizacion=cambio + timedelta(minutes=minutos))
    exportado = b"".join(exportar(Llamada.objects.finalizadas(), Opciones(zona=zona)).trozos)
    antes = dict(Llamada.objects.values_list("pk", "fecha_finalizacion"))
    Llamada.objects.all().delete()
    settings.TIME_ZONE = "America/Bogota"
    importar(exportado, "--zona", zona)
    assert dict(Llamada.objects.values_list("pk", "fecha_finalizacion")) == antes
    assert importar(exportado, "--zona", zona).startswith("Llamadas nuevas: 0.")


@pytest.mark.parametrize(
    ("zona", "motivo"),
    [
        ("Madrid", "--zona: «Madrid» no vale: escriba UTC, o un área y una ciudad, como Europe/Madrid."),
        ("europe/madrid", "¿Quería decir «Europe/Madrid»?"),
        ("CET", "no vale"),
        ("+02:00", "no vale"),
        ("", "Está vacío"),
    ],
)
def test_una_zona_que_no_vale_se_dice_como_al_exportar(importar, zona, motivo):
    with pytest.raises(CommandError) as al_importar:
        importar(CABECERA + BUENA, f"--zona={zona}")
    with pytest.raises(CommandError) as al_exportar:
        call_command("exportar_llamadas", f"--zona={zona}")
    assert str(al_importar.value) == str(al_exportar.value)
    assert motivo in str(al_importar.value)
    assert not Llamada.objects.exists()


# --- Hojas de cálculo -------------------------------------------------------------------------------------


def con_numero(numero, pk=1):
    escrito = f'"{numero}"' if set(numero) & set(",\n") else numero
    return CABECERA + f"{pk},{escrito},finalizada,,,,,,\r\n"


@pytest.mark.parametrize(
    ("numero", "parece"),
    [
        ("3.46E+10", "notación científica"),
        ("9.12E+017", "notación científica"),
        ("3,46E+10", "notación científica"),
        ("3,46e+10", "notación científica"),
        ("3E+10", "notación científica"),
        ("3.46E10", "notación científica"),
        ("3.46E 10", "notación científica"),
        ("+3.46E+10", "notación científica"),
        ("########", "columna demasiado estrecha"),
        ("#N/A", "error de una fórmula"),
        ("#N/D", "error de una fórmula"),
        ("#¡VALOR!", "error de una fórmula"),
        ("#VALUE!", "error de una fórmula"),
        ("#REF!", "error de una fórmula"),
        ("#¡REF!", "error de una fórmula"),
        ("#¿NOMBRE?", "error de una fórmula"),
        ("#NAME?", "error de una fórmula"),
        ("#DIV/0!", "error de una fórmula"),
        ("#¡DIV/0!", "error de una fórmula"),
        ("#¡NUM!", "error de una fórmula"),
        ("#NULL!", "error de una fórmula"),
        ("#¡DESBORDAMIENTO!", "error de una fórmula"),
        ("#GETTING_DATA", "error de una fórmula"),
        ("Err:502", "error de una fórmula"),
        ("34600123456.0", "decimales"),
        ("34600123456,0", "decimales"),
        ("34600123456,00", "decimales"),
        ("+34600123456.00", "decimales"),
        ("34,600,123,456", "separador de miles"),
        ("34.600.123.456,00", "separador de miles"),
        ("34'600'123'456", "separador de miles"),
        ("34600123456 €", "importe"),
        ("2026-01-31", "fecha"),
        ("31/01/2026", "fecha"),
        ("31/1/26", "fecha"),
        ("2026-01-31 00:00:00", "fecha"),
        ("12-oct", "fecha"),
        ("oct-12", "fecha"),
        ("12:30", "hora"),
        ("NULL", "no hay nada"),
        ("nan", "no hay nada"),
        ("\\N", "no hay nada"),
        ("VERDADERO", "un sí o un no"),
        ("\u202a+34600123456\u202c", "caracteres que no se ven (U+202A, U+202C)"),
        ("+34600123456\u200b", "U+200B"),
        ("\ufeff+34600123456", "U+FEFF"),
        ("+34\xa0600\xa0123\xa0456", "U+00A0"),
        ("34\u202f600\u202f123", "U+202F"),
        ("600\u00ad123456", "U+00AD"),
        ("600\ufe0f123456", "U+FE0F"),
        ("600\u2800123456", "U+2800"),
    ],
)
def test_un_numero_que_ha_estropeado_una_hoja_de_calculo_no_se_importa(importar, numero, parece):
    mensaje = rechazo(importar, con_numero(numero))
    assert "línea 2, columna numero_destino: " in mensaje
    assert parece in mensaje


NUMEROS_RAROS = [
    *("600.123.456", "34.600.123.456", "+34 600 123 456", "(91) 123-45-67", "*21#", "#31#600123456", "912345678,,12"),
    *("sip:ana@example.com", "anonymous", "1e5", "0,5", "12/05", "2026", "", "ext-12", "'=1", "=1+1", "ñ\nñ", 'a"b;c'),
]


@pytest.mark.parametrize("numero", NUMEROS_RAROS)
def test_un_numero_raro_que_nadie_ha_estropeado_va_y_vuelve(importar, numero):
    finalizada(numero_destino=numero)
    for dialecto in DIALECTOS["csv"].values():
        exportado = b"".join(exportar(Llamada.objects.finalizadas(), Opciones(formato=dialecto)).trozos)
        Llamada.objects.all().delete()
        importar(exportado)
        assert Llamada.objects.get().numero_destino == numero


def test_un_numero_estropeado_de_una_llamada_que_ya_esta_igual_no_es_un_fallo(importar):
    finalizada(numero_destino="3.46E+10")
    assert importar(exportar_llamadas_finalizadas_csv()).startswith("Llamadas nuevas: 0. Ya estaban: 1.")


@pytest.mark.parametrize("estropeado", ["1.0", "1E+15", "1,00"])
def test_un_identificador_estropeado_dice_que_parece(importar, estropeado):
    mensaje = rechazo(importar, CABECERA + f'"{estropeado}",600,finalizada,,,,,,\r\n')
    assert "no es un número entero, 0 o mayor; parece un número" in mensaje


@pytest.mark.parametrize("fecha", ["31/01/2026 9:05", "2026-01-31 9:05", "46053.375", "31-ene-26"])
def test_una_fecha_que_ha_cambiado_una_hoja_de_calculo_dice_que_hacer(importar, fecha):
    mensaje = rechazo(importar, CABECERA + f"1,600,finalizada,,,,{fecha},,\r\n")
    assert "dé antes a su columna el formato AAAA-MM-DD HH:MM:SS" in mensaje


def variadas():
    """Llamadas con todo lo que una hoja de cálculo querría cambiar, y el CSV que las describe."""
    agente = Usuario.objects.create(email="=1+1@example.com")
    numeros = [
        "+34600123456",
        "0034600123456",
        "600123456",
        "+" + "9" * 30,
        "600.123.456",
        "12/05",
        "1e5",
        "=1+1",
        "*21#",
    ]
    for n, numero in enumerate(numeros):
        fin = datetime(2026, 1, 31, 0, 0, n, tzinfo=UTC)
        finalizada(numero_destino=numero, fecha_asignacion=fin - timedelta(days=400), fecha_finalizacion=fin)
    finalizada(numero_destino="", resultado="", duracion_segundos=None, usuario=agente, fecha_finalizacion=None)
    return exportar_llamadas_finalizadas_csv()


def test_el_dialecto_de_excel_se_lee_como_era(importar):
    antes = variadas()
    excel = b"".join(exportar(Llamada.objects.finalizadas(), Opciones(formato=DIALECTOS["csv"]["excel"])).trozos)
    assert importar(excel) == "Llamadas nuevas: 0. Ya estaban: 10. Agentes nuevos: 0."
    Llamada.objects.all().delete()
    importar(excel)
    assert exportar_llamadas_finalizadas_csv() == antes


CORREOS_QUE_SIGUEN_UNA_FORMULA = (
    *('"perez,ana"@example.com', '"perez;ana"@example.com', '\'"perez,ana"@example.com', "&ana@example.com"),
    *("'&ana@example.com", "''&ana@example.com", "*x@example.com", "' *x@example.com", '" &x@example.com'),
)


@pytest.mark.parametrize("dialecto", DIALECTOS["csv"])
def test_de_cualquier_dialecto_vuelven_los_mismos_agentes(importar, dialecto):
    for correo in CORREOS_QUE_SIGUEN_UNA_FORMULA:
        finalizada(numero_destino=correo, usuario=Usuario.objects.create(email=correo))
    antes = list(Llamada.objects.order_by("pk").values())
    formato = DIALECTOS["csv"][dialecto]
    escrito = b"".join(exportar(Llamada.objects.finalizadas(), Opciones(formato=formato)).trozos)
    assert importar(escrito) == f"Llamadas nuevas: 0. Ya estaban: {len(antes)}. Agentes nuevos: 0."
    Llamada.objects.all().delete()
    assert importar(escrito) == f"Llamadas nuevas: {len(antes)}. Ya estaban: 0. Agentes nuevos: 0."
    assert list(Llamada.objects.order_by("pk").values()) == antes


@pytest.mark.parametrize("dialecto", DIALECTOS["csv"])
@pytest.mark.parametrize("correo", ['"perez,ana"@example.com', "&ana@example.com", "*x@example.com"])
def test_de_cualquier_dialecto_se_da_de_alta_el_mismo_agente(importar, dialecto, correo):
    finalizada(usuario=Usuario.objects.create(email=correo))
    formato = DIALECTOS["csv"][dialecto]
    escrito = b"".join(exportar(Llamada.objects.finalizadas(), Opciones(formato=formato)).trozos)
    Llamada.objects.all().delete()
    Usuario.objects.all().delete()
    importar(escrito)
    assert Llamada.objects.get().usuario.email == correo


def test_un_identificador_escrito_para_excel_se_lee_como_era(importar):
    excel = CABECERA.replace(",", ";") + '"=""1123456789012345""";"=""600""";finalizada;;;;;;\r\n'
    importar(excel)
    assert Llamada.objects.get().pk == 1123456789012345


GUARDAR = {
    "con comas": "44,34,76,1,,0,false,true,false",
    "con puntos y comas": "59,34,76,1,,0,false,true,false",
    "con tabuladores y todo entre comillas": "9,34,76,1,,0,true,true,false",
    "en español y sin el formato de las celdas": "59,34,76,1,,3082,false,false,false",
}


def test_lo_que_guarda_libreoffice_tras_abrir_lo_nuestro_se_lee_como_era(importar, tmp_path):
    if not shutil.which("soffice"):
        pytest.skip("no está LibreOffice: instale el paquete libreoffice-calc-nogui")
    antes = variadas()
    abrir = {"xlsx": [], "csv": ["--infilter=CSV:59,34,76,1,,3082"]}  # el CSV, como en un Excel en español
    for formato in (FORMATOS["xlsx"], DIALECTOS["csv"]["excel"]):
        original = tmp_path / f"original.{formato.extension}"
        original.write_bytes(b"".join(exportar(Llamada.objects.finalizadas(), Opciones(formato=formato)).trozos))
    Llamada.objects.all().delete()
    for extension, opciones in abrir.items():
        for manera, guardar in GUARDAR.items():
            orden = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/perfil", *opciones]
            orden += [
                "--convert-to",
                f"csv:Text - txt - csv (StarCalc):{guardar}",
                "--outdir",
                str(tmp_path / "guardado"),
            ]
            subprocess.run(
                [*orden, str(tmp_path / f"original.{extension}")], check=True, capture_output=True, timeout=120
            )
            importar((tmp_path / "guardado" / "original.csv").read_bytes())
            assert exportar_llamadas_finalizadas_csv() == antes, f"{extension}, {manera}"
            Llamada.objects.all().delete()


# --- Lo que no es un CSV de llamadas, o casi --------------------------------------------------------------


def zip_con(nombre):
    salida = io.BytesIO()
    with zipfile.ZipFile(salida, "w") as archivo:
        archivo.writestr(nombre, CABECERA)
    return salida.getvalue()


def exportado_en(formato):
    finalizada()
    contenido = b"".join(exportar(Llamada.objects.finalizadas(), Opciones(formato=FORMATOS[formato])).trozos)
    Llamada.objects.all().delete()
    return contenido


@pytest.mark.parametrize(
    ("formato", "motivo"),
    [
        ("xlsx", "línea 1: es un libro de Excel (XLSX) y no un CSV. Ábralo y guárdelo como «CSV UTF-8»."),
        ("json", "es JSON y no un CSV. Expórtelo en CSV."),
        ("ndjson", "es JSON y no un CSV. Expórtelo en CSV."),
        ("parquet", "es Parquet y no un CSV. Expórtelo en CSV."),
    ],
)
@pytest.mark.parametrize("comprimir", [bytes, gzip.compress])
def test_reconoce_los_otros_formatos_de_la_exportacion(importar, formato, motivo, comprimir):
    assert motivo in rechazo(importar, comprimir(exportado_en(formato)))


@pytest.mark.parametrize(
    ("contenido", "motivo"),
    [
        (zip_con("llamadas.csv"), "es un ZIP. Descomprímalo"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "libro de Excel antiguo"),
        (gzip.compress(gzip.compress(CABECERA.encode())), "está comprimido dos veces"),
        (b"BZh91AY", "está comprimido, y no con gzip"),
        (b"\xef\xbb\xbf<!doctype html>\r\n", "es una página web"),
        ((CABECERA + BUENA).encode("utf-16"), "no es UTF-8 sino UTF-16. Ábralo y guárdelo como «CSV UTF-8»"),
        ((CABECERA + BUENA).encode("utf-16-le"), "sino UTF-16"),
        ((CABECERA + BUENA).encode("utf-16-be"), "sino UTF-16"),
        ((CABECERA + BUENA).encode("utf-32"), "sino UTF-32"),
        (CABECERA.encode() + "1,ñ,finalizada,,,,,,\r\n".encode("latin-1"), "guárdelo como «CSV UTF-8»"),
        ((CABECERA + BUENA).replace("\r\n", "\r"), "las líneas acaban solo en CR"),
        ((CABECERA + BUENA * 2000).replace("\r\n", "\r"), "las líneas acaban solo en CR"),
        ((CABECERA + BUENA).replace("\r\n", ",\r\n"), "una columna sin nombre. ¿Acaban las líneas en una coma de más?"),
        ("sep=,\r\n" + CABECERA + BUENA, "Quite la primera línea, «sep=»"),
        (CABECERA + BUENA + CABECERA + BUENA.replace("7,", "8,", 1), "línea 3: es otra vez la cabecera"),
        ("\r\n,,,\r\n", "el fichero está vacío"),
        ("\r\n\r\na,b\r\n", "línea 3: faltan columnas"),
    ],
)
def test_dice_que_es_el_fichero_y_que_hacer(importar, contenido, motivo):
    assert motivo in rechazo(importar, contenido)


@pytest.mark.parametrize(
    ("escrita", "columna"),
    [
        ("LLAMADA_ID", "llamada_id"),
        ("Llamada ID", "llamada_id"),
        (" llamada_id ", "llamada_id"),
        ("Número destino", "numero_destino"),
        ("Fecha_Finalización", "fecha_finalizacion"),
        ("usuario e-mail", "usuario_email"),
        ("duracion", "duracion_segundos"),
    ],
)
def test_una_columna_casi_bien_escrita_dice_cual_seria(importar, escrita, columna):
    mensaje = rechazo(importar, CABECERA.replace(columna, escrita) + BUENA)
    assert (
        f"línea 1: faltan columnas en la cabecera: {columna}. «{escrita}» no vale. ¿Quería decir «{columna}»?"
        in mensaje
    )


def test_si_todas_las_columnas_van_en_mayusculas_dice_cuales_serian(importar):
    mensaje = rechazo(importar, CABECERA.upper() + BUENA)
    assert mensaje.count("¿Quería decir «") == 9


@pytest.mark.parametrize("delante", ["\r\n", "\n\n", ",,,,,,,,\r\n", "\ufeff", "\ufeff\ufeff", "\ufeff\r\n"])
@pytest.mark.parametrize("detras", ["", "\r\n", ",,,,,,,,\r\n" * 3, " , \r\n", ",,,,,,,,,,,,\r\n"])
def test_lo_que_no_dice_nada_no_estorba(importar, delante, detras):
    assert importar(delante + CABECERA + detras + BUENA + detras).startswith("Llamadas nuevas: 1.")


def test_las_lineas_se_cuentan_desde_el_principio_del_fichero(importar):
    assert "línea 4, columna llamada_id" in rechazo(importar, "\r\n" + CABECERA + ",,,,,,,,\r\nx,,finalizada,,,,,,\r\n")
