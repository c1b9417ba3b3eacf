"""La única puerta por la que un texto de fuera se convierte en lo que se quiere exportar."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from rest_framework import serializers

from ..exportacion.columnas import COLUMNAS
from ..exportacion.formatos import DIALECTOS, FORMATOS
from ..exportacion.opciones import Opciones
from ..models import Llamada, LlamadaQuerySet
from .campos import VACIO, Campo, Eleccion, Lista, Momento, Zona, que_se_admite
from .fechas import final, principio
from .filtros import FILTROS

Errores = defaultdict[str, list[Any]]


@dataclass(frozen=True, kw_only=True)
class Pedido:
    """Lo que alguien quiere exportar, ya comprobado.

    `desde` y `hasta` son instantes; `filtros`, los que se han puesto, con su valor; `opciones`, cómo se quiere el
    archivo; y `escrito`, cómo se podría volver a pedir: siempre con el formato y la zona, aunque no se dijeran.
    """

    desde: datetime | None
    hasta: datetime | None
    filtros: Mapping[str, Any]
    opciones: Opciones
    escrito: Mapping[str, Any]

    def llamadas(self) -> LlamadaQuerySet:
        """Las llamadas elegidas."""
        return self.de_entre(Llamada.objects.finalizadas())

    def de_entre(self, llamadas: LlamadaQuerySet) -> LlamadaQuerySet:
        """De unas llamadas, las que cumplen lo que se pide."""
        if self.desde or self.hasta:
            llamadas = llamadas.entre(self.desde, self.hasta)
        condiciones = [FILTROS[nombre].condicion(valor, self.opciones.zona) for nombre, valor in self.filtros.items()]
        return llamadas.filter(*condiciones)


class PedidoInvalido(Exception):
    """No se puede exportar lo que se pide: `errores` dice, opción por opción, qué está mal y qué hacer."""

    def __init__(self, errores: Mapping[str, list[Any]]) -> None:
        super().__init__(errores)
        self.errores = {nombre: [str(motivo) for motivo in motivos] for nombre, motivos in errores.items()}

    @property
    def motivos(self) -> list[str]:
        return [motivo for motivos in self.errores.values() for motivo in motivos]


def leer(datos: Mapping[str, Any]) -> Pedido:
    """Lo que se pide con los parámetros de una URL, o con un diccionario de textos o listas de textos.

    Lanza `PedidoInvalido`, con todos los errores a la vez.
    """
    campos = PedidoSerializer(data=datos)
    if not campos.is_valid():
        raise PedidoInvalido(campos.errors)
    return campos.pedido()


class PedidoSerializer(serializers.Serializer[Any]):
    """Las opciones de una exportación. Un nombre mal escrito nunca puede exportarlo todo: se rechaza."""

    desde = Momento(
        required=False,
        help_text="Desde cuándo, por su fecha_finalizacion: un día (2026-01-31), desde que empieza en «zona»; o una "
        "hora (2026-01-31T09:00:00), que si no lleva desfase es la de «zona». Las llamadas sin esa fecha quedan fuera.",
    )
    hasta = Momento(
        required=False,
        help_text="Hasta cuándo: un día, que entra entero en «zona», o una hora, que no entra.",
    )
    columnas = Lista(
        child=Eleccion(choices=[]),
        admite_repetidos=False,
        si_no_hay="Elija al menos una columna.",
        required=False,
        help_text="Qué columnas y en qué orden, separadas por comas. Por omisión, todas.",
    )
    formato = Eleccion(choices=[], required=False, help_text="El formato del fichero. Por omisión, csv.")
    dialecto = Eleccion(
        choices=[],
        required=False,
        help_text="Solo para csv: «rfc4180», con comas; o «excel», el que un Excel en español abre bien con un doble "
        'clic: con BOM, punto y coma y los teléfonos como él los respeta, ="+34…". Por omisión, rfc4180.',
    )
    zona = Zona(
        required=False,
        help_text="La zona IANA de las fechas, tanto las del fichero como las de «desde» y «hasta»: UTC, o área y "
        "ciudad, como Europe/Madrid. Por omisión, la del servidor.",
    )
    comprimir = Eleccion(choices=["gzip"], required=False)

    ajenos: ClassVar[tuple[str, ...]] = ()
    """Los campos de quien herede que no dicen qué se exporta."""

    sin_efecto: ClassVar[tuple[str, ...]] = ()
    """Los que en quien herede no cambiarían nada: se rechazan, para que nadie crea que sí."""

    def get_fields(self) -> dict[str, Campo]:
        """Con los filtros, las columnas y los formatos que haya."""
        propios: dict[str, Any] = super().get_fields()
        propios["columnas"].child.choices = list(COLUMNAS)
        propios["comprimir"].help_text = f"Comprime el fichero, cuyo nombre acaba en .gz. Vale para {_comprimibles()}."
        propios["formato"].choices = list(FORMATOS)
        propios["dialecto"].choices = [dialecto for dialectos in DIALECTOS.values() for dialecto in dialectos]
        limites = {nombre: propios.pop(nombre) for nombre in ("desde", "hasta")}
        todos = {**limites, **{filtro.nombre: deepcopy(filtro.campo) for filtro in FILTROS.values()}, **propios}
        return {nombre: campo for nombre, campo in todos.items() if nombre not in self.sin_efecto}

    def to_internal_value(self, data: Mapping[str, Any]) -> dict[str, Any]:
        validos: dict[str, Any] = {}
        errores: Errores = defaultdict(list)
        for nombre, valores in _por_nombre(data):
            if nombre not in self.fields:
                errores[nombre].append(self._por_que_no(nombre))
                continue
            try:
                validos[nombre] = _leer(self.fields[nombre], valores)
            except serializers.ValidationError as error:
                errores[nombre] += error.detail
        _fijar_periodo(validos, errores)
        _revisar_formato(validos, errores)
        if errores:
            raise serializers.ValidationError(errores)
        return validos

    def _por_que_no(self, nombre: str) -> str:
        if nombre in self.sin_efecto:
            return f"Aquí no cambiaría nada: quítelo. Se admite: {', '.join(self.fields)}."
        return f"Parámetro desconocido. {que_se_admite(nombre, list(self.fields))}"

    def pedido(self) -> Pedido:
        """Lo que se pide. Solo si es válido."""
        elegido = self.validated_data
        formato = elegido.get("formato", "csv")
        opciones = Opciones(
            columnas=[COLUMNAS[nombre] for nombre in elegido.get("columnas", COLUMNAS)],
            formato=DIALECTOS[formato][elegido["dialecto"]] if "dialecto" in elegido else FORMATOS[formato],
            zona=_zona(elegido).key,
            comprimir="comprimir" in elegido,
            filtros=self._con_que_se_eligen(),
        )
        return Pedido(
            desde=elegido.get("desde"),
            hasta=elegido.get("hasta"),
            filtros={nombre: elegido[nombre] for nombre in FILTROS if nombre in elegido},
            opciones=opciones,
            escrito=self._escrito(),
        )

    def _escrito(self) -> dict[str, Any]:
        dado = dict(_por_nombre(self.initial_data))
        elegido = {"formato": ["csv"], "zona": [_zona(self.validated_data).key], **dado}
        return {
            nombre: campo.partes(elegido[nombre]) if isinstance(campo, Lista) else str(elegido[nombre][0]).strip()
            for nombre, campo in self.fields.items()
            if nombre in elegido and nombre not in self.ajenos
        }

    def _con_que_se_eligen(self) -> dict[str, str]:
        """Los filtros y los límites que se han puesto, como texto; los límites, como instantes."""
        elegido = self.validated_data
        limites = {nombre: elegido[nombre].isoformat() for nombre in ("desde", "hasta") if nombre in elegido}
        return limites | {
            nombre: _en_texto(self.fields[nombre].to_representation(elegido[nombre]))
            for nombre in FILTROS
            if nombre in elegido
        }


def _por_nombre(datos: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Cada opción con todos los valores que se le han dado."""
    for nombre, valor in datos.lists() if isinstance(datos, MultiValueDict) else datos.items():
        yield nombre, valor if isinstance(valor, list) else [valor]


def _leer(campo: Campo, valores: list[Any]) -> Any:
    if isinstance(campo, Lista):
        return campo.run_validation(campo.partes(valores))
    if not valores:
        raise serializers.ValidationError(VACIO)
    if len(valores) != 1:
        raise serializers.ValidationError("Está repetido: escríbalo una sola vez.")
    return campo.run_validation(valores[0])


def _en_texto(valor: Any) -> str:
    return ",".join(map(str, valor)) if isinstance(valor, list) else str(valor)


def _zona(validos: dict[str, Any]) -> ZoneInfo:
    return validos.get("zona") or ZoneInfo(timezone.get_default_timezone_name())


def _fijar_periodo(validos: dict[str, Any], errores: Errores) -> None:
    """Convierte los días y las horas en instantes, si se sabe de qué zona son."""
    if "zona" in errores:
        return
    escritos = [validos.get("desde"), validos.get("hasta")]
    for nombre, limite in (("desde", principio), ("hasta", final)):
        if nombre in validos:
            try:
                validos[nombre] = limite(validos[nombre], _zona(validos))
            except ValueError as error:
                errores[nombre].append(str(error))
    if None in escritos or {"desde", "hasta"} & errores.keys():
        return
    desde, hasta = escritos
    if type(desde) is date and type(hasta) is date:
        # Un día acaba cuando empieza el siguiente, de modo que dos días solo se pueden comparar como días.
        motivo = "Es posterior a «hasta»: no hay ningún día entre los dos."
    else:
        desde, hasta = (validos[nombre].astimezone(_zona(validos)) for nombre in ("desde", "hasta"))
        motivo = f"{desde.isoformat()} es posterior a «hasta», {hasta.isoformat()}: no hay nada entre ellas."
    if desde > hasta:
        errores["desde"].append(motivo)


def _revisar_formato(validos: dict[str, Any], errores: Errores) -> None:
    """Que el dialecto y la compresión le vayan al formato."""
    if "formato" in errores:
        return
    formato = validos.get("formato", "csv")
    if "dialecto" in validos and validos["dialecto"] not in DIALECTOS.get(formato, {}):
        con_el = [nombre for nombre, dialectos in DIALECTOS.items() if validos["dialecto"] in dialectos]
        errores["dialecto"].append(f"No vale con el formato {formato}. Vale con: {', '.join(con_el)}.")
    if "comprimir" in validos and not FORMATOS[formato].comprimible:
        errores["comprimir"].append(f"No vale con el formato {formato}. Vale con: {_comprimibles()}.")


def _comprimibles() -> str:
    return ", ".join(nombre for nombre, formato in FORMATOS.items() if formato.comprimible)
