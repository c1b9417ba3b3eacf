"""Una exportación es un solo instante de los datos, también entre contarlos y empezar a leerlos."""

import threading

import pytest
from django.db import DatabaseError, connection

from llamadas.exportacion.exportar import exportar
from llamadas.exportacion.sql.adelanto import adelantar
from llamadas.models import Llamada

from ..datos import esperar, finalizada, nadie_lee, sembrar


@pytest.mark.django_db(transaction=True)
def test_lo_que_cambia_entre_contar_y_leer_no_se_ve():
    sembrar(3)
    archivo = exportar(Llamada.objects.finalizadas())
    finalizada(numero_destino="+34999")
    Llamada.objects.order_by("pk").first().delete()
    contenido = b"".join(archivo.trozos)
    assert archivo.filas == 3
    assert contenido.count(b"\r\n") == 4
    assert b"+34999" not in contenido


@pytest.mark.django_db(transaction=True)
def test_cerrarla_sin_leer_nada_o_a_medias_suelta_la_conexion_y_el_hilo():
    sembrar(30_000)
    antes = threading.active_count()
    for leer in (0, 1, 2):
        archivo = exportar(Llamada.objects.finalizadas())
        for _ in range(leer):
            next(archivo.trozos)
        assert not nadie_lee()
        archivo.trozos.close()
        assert threading.active_count() == antes
        esperar(nadie_lee)


@pytest.mark.django_db(transaction=True)
def test_los_trozos_son_pequenos_por_muchas_filas_que_haya():
    sembrar(60_000)
    tamanos = [len(trozo) for trozo in exportar(Llamada.objects.finalizadas()).trozos]
    assert sum(tamanos) > 2_000_000
    assert max(tamanos) < 512 * 1024
    assert min(tamanos[:-1]) > 64 * 1024


@pytest.mark.django_db
def test_dentro_de_una_transaccion_se_exporta_lo_que_ella_ve():
    assert connection.in_atomic_block
    finalizada()
    assert exportar(Llamada.objects.finalizadas()).filas == 1


@pytest.mark.django_db
def test_una_seleccion_vacia_es_un_archivo_vacio():
    archivo = exportar(Llamada.objects.none())
    assert archivo.filas == 0
    assert b"".join(archivo.trozos).count(b"\r\n") == 1


def contar(hasta):
    """Quien produce los números hasta ese."""

    def producir(entregar):
        for numero in range(hasta):
            entregar(numero)

    return producir


def test_adelantar_da_lo_mismo_y_en_orden():
    assert list(adelantar(contar(100))) == list(range(100))


def test_adelantar_nunca_va_mas_lejos_de_lo_que_se_le_dice():
    entregados = []

    def producir(entregar):
        for numero in range(100):
            entregar(numero)
            entregados.append(numero)

    elementos = adelantar(producir, ventaja=2)
    assert next(elementos) == 0
    esperar(lambda: len(entregados) == 3)  # el que se ha recogido y dos en la cola; otro está en la mano
    threading.Event().wait(0.2)
    assert len(entregados) == 3
    elementos.close()
    assert len(entregados) < 10


def test_lo_que_falla_al_adelantar_se_lanza_donde_se_consume():
    def producir(entregar):
        entregar(1)
        raise DatabaseError("corte")

    elementos = adelantar(producir)
    assert next(elementos) == 1
    with pytest.raises(DatabaseError, match="corte"):
        next(elementos)


def test_al_cerrarlo_se_interrumpe_a_quien_espera_y_solo_entonces():
    seguir = threading.Event()

    def producir(entregar):
        entregar(1)
        seguir.wait()
        entregar(2)

    elementos = adelantar(producir, interrumpir=[seguir.set])
    assert next(elementos) == 1
    elementos.close()
    assert seguir.is_set()

    assert list(adelantar(contar(1), interrumpir=[pytest.fail])) == [0]
