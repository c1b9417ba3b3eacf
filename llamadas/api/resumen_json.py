"""Cómo se cuenta un resumen."""

from typing import Any

from rest_framework import serializers

from ..informe.resumen import Cuenta, Resumen
from ..pedido.pedido import SIN_RESULTADO

TASA = "Qué parte de las finalizadas se contestó, de 0 a 1; nula si no hay ninguna."
MEDIA = "La media de las contestadas, en segundos; nula si de ninguna se sabe."


class CuentaSerializer(serializers.Serializer):
    """Lo que se cuenta de un grupo de llamadas."""

    finalizadas = serializers.IntegerField(help_text="Cuántas acabaron.")
    contestadas = serializers.IntegerField(help_text="Cuántas de ellas se contestaron.")
    tasa_de_contacto = serializers.FloatField(allow_null=True, help_text=TASA)


class CuentaConDuracionSerializer(CuentaSerializer):
    """Y lo que duraron."""

    segundos_hablados = serializers.IntegerField(help_text="Lo que duraron, en total, las contestadas.")
    duracion_media = serializers.FloatField(allow_null=True, help_text=MEDIA)


class TotalesSerializer(CuentaConDuracionSerializer):
    """Lo de todas."""

    duracion_mediana = serializers.FloatField(
        allow_null=True, help_text="La mediana exacta de las contestadas, en segundos; nula si de ninguna se sabe."
    )


class DiaSerializer(serializers.Serializer):
    """Un día con llamadas."""

    dia = serializers.CharField(allow_null=True, help_text="En «zona»; nulo, el de las que no se sabe cuándo acabaron.")
    finalizadas = serializers.IntegerField()
    resultados = serializers.DictField(child=serializers.IntegerField(), help_text="Cuántas con cada resultado.")


class HoraSerializer(CuentaSerializer):
    """Una hora de un día de la semana, con las llamadas de todas las semanas."""

    dia_semana = serializers.CharField()
    hora = serializers.IntegerField(min_value=0, max_value=23)


class ResultadoSerializer(serializers.Serializer):
    """Un resultado y cuántas acabaron con él."""

    resultado = serializers.CharField(help_text="Como se pide en las opciones; «sin_resultado», las que no lo tienen.")
    finalizadas = serializers.IntegerField()


class AgenteSerializer(CuentaConDuracionSerializer):
    """Un agente."""

    usuario = serializers.CharField(allow_null=True, help_text="Su correo; nulo, las llamadas sin agente.")


class ResumenSerializer(serializers.Serializer):
    """Las cifras de unas llamadas."""

    zona = serializers.CharField(help_text="La de los días y las horas.")
    totales = TotalesSerializer()
    dias = DiaSerializer(many=True)
    horas = HoraSerializer(many=True)
    resultados = ResultadoSerializer(many=True)
    agentes = AgenteSerializer(many=True)

    def to_representation(self, instance: Resumen) -> dict[str, Any]:
        return {
            "zona": instance.zona,
            "totales": {**_contada(instance.totales), "duracion_mediana": instance.duracion_mediana},
            "dias": [
                {"dia": dia, "finalizadas": sum(cuantas.values()), "resultados": _con_nombre(cuantas)}
                for dia, cuantas in instance.dias.items()
            ],
            "horas": [
                {"dia_semana": dia, "hora": hora, **CuentaSerializer(cuenta).data}
                for (dia, hora), cuenta in instance.horas.items()
            ],
            "resultados": [
                {"resultado": resultado, "finalizadas": cuantas}
                for resultado, cuantas in _con_nombre(instance.resultados).items()
            ],
            "agentes": [{"usuario": correo, **_contada(cuenta)} for correo, cuenta in instance.agentes.items()],
        }


def _contada(cuenta: Cuenta) -> dict[str, Any]:
    return CuentaConDuracionSerializer(cuenta).data


def _con_nombre(cuantas: dict[str, int]) -> dict[str, int]:
    return {resultado or SIN_RESULTADO: cuantas[resultado] for resultado in cuantas}
