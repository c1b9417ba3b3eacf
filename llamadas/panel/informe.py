"""La página del informe: las cifras de una selección, cada una con sus llamadas detrás y su exportación."""

from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, final
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from ..api.serializers import SeleccionSerializer
from ..informe import graficos
from ..informe.numeros import duracion, porcentaje
from ..informe.periodos import Periodo, en_periodos
from ..informe.resumen import Cuenta, Resumen, resumir
from ..models import DIAS_DE_LA_SEMANA, Estado, Resultado
from ..pedido.campos import SIN_AGENTE
from ..pedido.filtros import DIAS, RESULTADOS, SIN_RESULTADO, de_una_seleccion
from ..pedido.textos import cuales
from .donde_hay import dia_local, donde_hay, donde_las_hay_asi, ultimo_dia
from .formulario import Formulario, Parametros, cabe_en_una_url, consulta, leer

DIAS_POR_OMISION = 30
BASTANTES = 10  # llamadas en una hora para que su tasa de contacto diga algo
UN_INSTANTE = timedelta(microseconds=1)
_MEDIA = Media(css={"all": ["admin/css/forms.css", "llamadas/eleccion.css", "llamadas/informe.css"]})


@dataclass(frozen=True, kw_only=True)
class Cifra:
    """Una cifra, cuántas llamadas hay detrás y dónde se ven y se exportan."""

    texto: str
    llamadas: int
    valor: float | None = None
    lista: str = ""
    exportar: str = ""


@dataclass(frozen=True, kw_only=True)
class Fila:
    """Una fila de una tabla; `ancho`, el de su barra, de 0 a 100."""

    titulo: str
    cifras: list[Cifra]
    ancho: int = 0


@dataclass(frozen=True, kw_only=True)
class Tabla:
    """Los números de un gráfico."""

    nombre: str
    cabecera: list[str]
    filas: list[Fila]


@final
class Seleccion:
    """La selección del informe, de la que cada cifra es una parte."""

    def __init__(self, formulario: Formulario, zona: str) -> None:
        self.parametros = {n: v for n, v in formulario.parametros.items() if n in de_una_seleccion()}
        self.parametros["zona"] = [zona]
        local = ZoneInfo(zona)
        desde, hasta = formulario.pedido.desde, formulario.pedido.hasta
        self._primer_dia = desde and dia_local(desde, local)
        self._ultimo_dia = hasta and dia_local(hasta, local, antes=UN_INSTANTE)

    def parte(self, **mas: str) -> Parametros:
        """Los parámetros de la parte en que, además, vale lo que se diga."""
        return {**self.parametros, **{nombre: [valor] for nombre, valor in mas.items()}}

    def con(self, resultado: str) -> "Seleccion | None":
        """La selección de un resultado; nada, si no es de los que se pueden pedir."""
        if resultado and resultado not in Resultado.values:
            return None
        otra = copy(self)
        otra.parametros = self.parte(resultado=resultado or SIN_RESULTADO)
        return otra

    def entre(self, periodo: Periodo) -> Parametros:
        """La parte de un periodo, sin salirse del periodo elegido."""
        parte = self.parte()
        if not (self._primer_dia and periodo.desde <= self._primer_dia):
            parte["desde"] = [periodo.desde.isoformat()]
        if not (self._ultimo_dia and periodo.hasta >= self._ultimo_dia):
            parte["hasta"] = [periodo.hasta.isoformat()]
        return parte


class Informe:
    """Lo que enseña la página, a partir de un resumen."""

    def __init__(self, resumen: Resumen, seleccion: Seleccion) -> None:
        self.resumen = resumen
        self.seleccion = seleccion
        self.presentes = list(resumen.resultados)
        self.unidad, self.periodos = en_periodos(resumen.dias)

    def totales(self) -> list[tuple[str, Cifra]]:
        totales, todas = self.resumen.totales, self.seleccion.parte()
        contestadas = self.seleccion.parte(resultado=Resultado.CONTESTADA)

        def de_las_contestadas(texto: str) -> Cifra:
            return _cifra(totales.contestadas, contestadas, texto=texto)

        return [
            ("Finalizadas", _cifra(totales.finalizadas, todas)),
            ("Contestadas", _cifra(totales.contestadas, contestadas)),
            ("Tasa de contacto", de_las_contestadas(porcentaje(totales.tasa_de_contacto))),
            ("Duración media", de_las_contestadas(duracion(totales.duracion_media))),
            ("Duración mediana", de_las_contestadas(duracion(self.resumen.duracion_mediana))),
            ("Tiempo hablado", de_las_contestadas(duracion(totales.segundos_hablados))),
        ]

    def leyenda(self) -> list[tuple[str, str]]:
        return [(_clase(resultado), _titulo(resultado)) for resultado in self.presentes]

    def grafico_de_dias(self) -> str:
        series = [[self._trozo(periodo, resultado) for periodo in self.periodos] for resultado in self.presentes]
        return graficos.barras_apiladas([periodo.etiqueta for periodo in self.periodos], series)

    def _trozo(self, periodo: Periodo, resultado: str) -> graficos.Celda:
        cifra = self._de_un_trozo(periodo, resultado)
        nombre = f"{periodo.titulo}, {_titulo(resultado)}: {cifra.texto}"
        return graficos.celda(cifra.llamadas, clase=_clase(resultado), nombre=nombre, enlace=cifra.lista)

    def _de_un_trozo(self, periodo: Periodo, resultado: str) -> Cifra:
        de_este = self.seleccion.con(resultado)
        return _cifra(periodo.resultados.get(resultado, 0), de_este and de_este.entre(periodo))

    def tabla_de_dias(self) -> Tabla:
        filas = []
        for periodo in self.periodos:
            cifras = [self._de_un_trozo(periodo, resultado) for resultado in self.presentes]
            todas = _cifra(sum(periodo.resultados.values()), self.seleccion.entre(periodo))
            filas.append(Fila(titulo=periodo.titulo, cifras=[*cifras, todas]))
        cabecera = [self.unidad, *map(_titulo, self.presentes), "todas"]
        return Tabla(nombre=f"Llamadas por {self.unidad} y resultado", cabecera=cabecera, filas=filas)

    def sin_fecha(self) -> str:
        """Las llamadas que no salen en los días ni en las horas, que no se pueden pedir por su fecha."""
        cuantas = sum(self.resumen.dias.get(None, {}).values())
        return intcomma(cuantas) if cuantas else ""

    def horas(self) -> list[int]:
        con_llamadas = [hora for _, hora in self.resumen.horas]
        return [*range(min(con_llamadas), max(con_llamadas) + 1)] if con_llamadas else []

    def dias_de_la_semana(self) -> list[str]:
        return [dia for dia in DIAS_DE_LA_SEMANA if any(otro == dia for otro, _ in self.resumen.horas)]

    def _escala(self) -> tuple[float, float]:
        """Las tasas menor y mayor. Sin contar las horas con muy pocas llamadas, que las tienen disparatadas."""
        cuentas = self.resumen.horas.values()
        bastantes = [cuenta for cuenta in cuentas if cuenta.finalizadas >= BASTANTES] or cuentas
        tasas = [cuenta.tasa_de_contacto or 0 for cuenta in bastantes]
        return min(tasas), max(tasas)

    def grafico_de_horas(self) -> str:
        escala = self._escala()
        filas = [
            (DIAS[dia], [self._casilla(dia, hora, escala) for hora in self.horas()]) for dia in self.dias_de_la_semana()
        ]
        return graficos.mapa_de_calor([f"{hora} h" for hora in self.horas()], filas)

    def _casilla(self, dia: str, hora: int, escala: tuple[float, float]) -> graficos.Celda:
        cuenta = self.resumen.horas.get((dia, hora), Cuenta())
        tasa = cuenta.tasa_de_contacto
        nombre = f"{DIAS[dia]}, {hora} h: {porcentaje(tasa)} de {intcomma(cuenta.finalizadas)}"
        clase = "" if tasa is None else f"nivel-{graficos.nivel(tasa, *escala)}"
        enlace = _lista(self.seleccion.parte(dia_semana=dia, hora=str(hora)))
        return graficos.celda(tasa, clase=clase, nombre=nombre, enlace=enlace)

    def leyenda_de_horas(self) -> dict[str, Any]:
        menor, mayor = self._escala()
        niveles = [f"nivel-{n}" for n in range(graficos.NIVELES)]
        return {"menor": porcentaje(menor), "mayor": porcentaje(mayor), "niveles": niveles, "bastantes": BASTANTES}

    def tabla_de_horas(self) -> Tabla:
        dias = self.dias_de_la_semana()
        filas = [Fila(titulo=f"{hora} h", cifras=[self._tasa(dia, hora) for dia in dias]) for hora in self.horas()]
        return Tabla(nombre="Tasa de contacto por hora", cabecera=["hora", *(DIAS[dia] for dia in dias)], filas=filas)

    def _tasa(self, dia: str, hora: int) -> Cifra:
        cuenta = self.resumen.horas.get((dia, hora), Cuenta())
        parte = self.seleccion.parte(dia_semana=dia, hora=str(hora))
        return _cifra(cuenta.finalizadas, parte, texto=porcentaje(cuenta.tasa_de_contacto))

    def grafico_de_resultados(self) -> str:
        celdas = []
        for fila, resultado in zip(self.tabla_de_resultados().filas, self.presentes, strict=True):
            cuantas, parte = fila.cifras
            nombre = f"{fila.titulo}: {cuantas.texto}, {parte.texto}"
            celdas.append(
                graficos.celda(cuantas.llamadas, clase=_clase(resultado), nombre=nombre, enlace=cuantas.lista)
            )
        return graficos.barras([_titulo(resultado) for resultado in self.presentes], celdas)

    def tabla_de_resultados(self) -> Tabla:
        total, filas = self.resumen.totales.finalizadas, []
        for resultado, cuantas in self.resumen.resultados.items():
            de_este = self.seleccion.con(resultado)
            parte = de_este and de_este.parte()
            cifras = [_cifra(cuantas, parte), _cifra(cuantas, parte, texto=porcentaje(cuantas / total))]
            filas.append(Fila(titulo=_titulo(resultado), cifras=cifras))
        return Tabla(nombre="Resultados", cabecera=["resultado", "llamadas", "parte"], filas=filas)

    def agentes(self) -> list[Fila]:
        mas = max((cuenta.finalizadas for cuenta in self.resumen.agentes.values()), default=1)
        return [self._agente(correo, cuenta, mas) for correo, cuenta in self.resumen.agentes.items()]

    def _agente(self, correo: str | None, cuenta: Cuenta, mas: int) -> Fila:
        parte = self.seleccion.parte(usuario=correo or SIN_AGENTE)
        contestadas: Parametros = {**parte, "resultado": [Resultado.CONTESTADA]}
        return Fila(
            titulo=correo or "sin agente",
            ancho=round(100 * cuenta.finalizadas / mas),
            cifras=[
                _cifra(cuenta.finalizadas, parte, valor=cuenta.finalizadas),
                _cifra(cuenta.contestadas, contestadas, valor=cuenta.contestadas),
                *(
                    _cifra(cuenta.contestadas, contestadas, texto=texto(valor), valor=-1 if valor is None else valor)
                    for texto, valor in (
                        (porcentaje, cuenta.tasa_de_contacto),
                        (duracion, cuenta.duracion_media),
                        (duracion, cuenta.segundos_hablados),
                    )
                ),
            ],
        )


def pagina_del_informe(administracion: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Enseña el informe de lo que diga la URL o, si no dice nada, el de los últimos días con llamadas.

    Lo que se elige se manda con un POST, que lo enseña en su URL o, si no cabe en ninguna, en la propia respuesta.
    """
    enviado = request.POST if request.method == "POST" else request.GET
    formulario = Formulario(_elegido(enviado) if enviado else _ultimos_dias())
    formulario = formulario.con_atajo(enviado.get("_atajo", ""))
    if (request.method == "POST" or "_atajo" in enviado) and formulario.cabe:
        return HttpResponseRedirect(f"{request.path}?{formulario.consulta}")
    contexto: dict[str, Any] = {
        **administracion.admin_site.each_context(request),
        **formulario.contexto(),
        "title": "Informe",
        "media": _MEDIA + administracion.media,
    }
    if formulario.vale:
        resumen = resumir(formulario.pedido.llamadas(), formulario.pedido.opciones.zona)
        seleccion = Seleccion(formulario, resumen.zona)
        contexto |= {
            "informe": Informe(resumen, seleccion),
            "resumen": resumen,
            "cuales": cuales(formulario.pedido.escrito),
            "lista": _lista(seleccion.parte()),
            "exportar": _exportar(seleccion.parte()),
            "json": _enlace("llamadas:resumen", seleccion.parametros),
        }
        if not resumen.totales.finalizadas:
            contexto |= {"asi": donde_las_hay_asi(formulario), "donde_hay": donde_hay(formulario.zona)}
    return TemplateResponse(request, "llamadas/informe.html", contexto)


def _elegido(enviado: QueryDict) -> Parametros:
    """Sin lo que solo dice cómo es un fichero, que aquí no cambiaría nada."""
    return {nombre: v for nombre, v in leer(enviado).items() if nombre not in SeleccionSerializer.sin_efecto}


def _ultimos_dias() -> Parametros:
    """Hasta el último día con llamadas."""
    dia = ultimo_dia()
    if not dia:
        return {}
    return {"desde": [(dia - timedelta(days=DIAS_POR_OMISION - 1)).isoformat()], "hasta": [dia.isoformat()]}


def _cifra(llamadas: int, parte: Parametros | None, *, texto: str = "", valor: float | None = None) -> Cifra:
    """La cifra de unas llamadas; sin enlaces, si no hay ninguna que ver o no se pueden pedir."""
    texto = texto or intcomma(llamadas)
    if not llamadas or parte is None:
        return Cifra(texto=texto, llamadas=llamadas, valor=valor)
    return Cifra(texto=texto, llamadas=llamadas, valor=valor, lista=_lista(parte), exportar=_exportar(parte))


def _lista(parte: Parametros) -> str:
    return _enlace("admin:llamadas_llamada_changelist", {"estado__exact": [Estado.FINALIZADA], **parte})


def _exportar(parte: Parametros) -> str:
    return _enlace("admin:llamadas_llamada_exportar", parte)


def _enlace(ruta: str, parametros: Parametros) -> str:
    """Nada, si no cabe en una URL."""
    return f"{reverse(ruta)}?{consulta(parametros)}" if cabe_en_una_url(parametros) else ""


def _clase(resultado: str) -> str:
    return f"resultado-{resultado or SIN_RESULTADO}" if resultado in (*Resultado.values, "") else "resultado-otro"


def _titulo(resultado: str) -> str:
    return RESULTADOS.get(resultado or SIN_RESULTADO, resultado)
