"""Las direcciones IP, como las escriben los proxies."""

import pytest

from usuarios.acceso import direccion
from usuarios.direcciones import leer, red_de


@pytest.mark.parametrize(
    ("escrita", "leida"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:50000", "203.0.113.7"),
        ("[203.0.113.7]:50000", "203.0.113.7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
        ("fe80::7%eth0", "fe80::7"),
        ("[fe80::7%25eth0]:443", "fe80::7"),
        (' "203.0.113.7:1" ', "203.0.113.7"),
        ("::1", "::1"),
    ],
)
def test_lee_la_direccion(escrita, leida):
    assert str(leer(escrita)) == leida


@pytest.mark.parametrize(
    "escrita", ["", "unknown", "_oculto", "203.0.113.256", "203.0.113:80", ":80", "[", "%eth0", "::g"]
)
def test_rechaza_lo_que_no_lo_es(escrita):
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        leer(escrita)


@pytest.mark.parametrize(
    ("escrita", "red"),
    [
        ("203.0.113.7:1", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::1", "::"),
    ],
)
def test_la_red_de_un_cliente(escrita, red):
    assert red_de(escrita) == red


def test_la_direccion_que_se_apunta_es_la_entera_y_no_la_de_su_red(rf, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    peticion = rf.get("/", headers={"X-Forwarded-For": "198.51.100.1, [2001:db8::7%eth0]:443"})
    assert direccion(peticion) == "2001:db8::7"
