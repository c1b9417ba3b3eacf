"""A qué direcciones se puede avisar: a las de fuera, y a las de dentro que diga WEBHOOK_REDES_PERMITIDAS."""

from ipaddress import IPv4Address, IPv6Address, ip_network

from django.conf import settings

# Lo que IANA da por unicast global (RFC 4291 §2.4): fuera quedan ::1, fc00::/7, fe80::/10, fec0::/10, ff00::/8, las
# que llevan dentro una IPv4 (::ffff:0:0/96, 64:ff9b::/96)… Lo de IPv4 se dice al revés, por lo que no es.
UNICAST_GLOBAL = [ip_network("0.0.0.0/0"), ip_network("2000::/3")]

# Y de ello, lo apartado para algo: los registros «Special-Purpose Address» de IANA (RFC 6890) y lo que no es unicast.
# No se mira `is_global` porque cada versión de Python lo entiende a su manera: la 3.11.7 da por buenas 2002::/16,
# 3fff::/20 o 192.88.99.0/24 (https://github.com/python/cpython/issues/113171).
APARTADAS = [
    ip_network(red)
    for red in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # la de dentro de un operador
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",
        "2001::/23",  # protocolos; entre ellos Teredo, que lleva dentro una IPv4
        "2001:db8::/32",
        "2002::/16",  # 6to4, que también
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]


def permitida(direccion: IPv4Address | IPv6Address) -> bool:
    """Si se puede avisar a ella."""
    if any(direccion in red for red in settings.WEBHOOK_REDES_PERMITIDAS):
        return True
    return any(direccion in red for red in UNICAST_GLOBAL) and not any(direccion in red for red in APARTADAS)
