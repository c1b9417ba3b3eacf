"""Las direcciones IP, como las escriben los proxies y como las cuenta el límite de contraseñas."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

RED_DE_UN_CLIENTE = 64  # RFC 4291 §2.5.4: en IPv6, quien tiene una dirección tiene las de su /64


def leer(texto: str) -> IPv4Address | IPv6Address:
    """La dirección de `1.2.3.4:5678`, `[2001:db8::1]:443`, `fe80::1%eth0` o `::ffff:1.2.3.4`. Lanza `ValueError`."""
    texto = texto.strip().strip('"')
    if texto.startswith("["):
        texto = texto[1:].partition("]")[0]
    elif texto.count(":") == 1:
        texto = texto.partition(":")[0]
    ip = ip_address(texto.partition("%")[0])
    return getattr(ip, "ipv4_mapped", None) or ip


def red_de(texto: str) -> str:
    """De qué red es quien usa esa dirección: en IPv4, ella sola; en IPv6, la primera de su /64. Lanza `ValueError`."""
    ip = leer(texto)
    return str(ip if ip.version == 4 else ip_network((ip, RED_DE_UN_CLIENTE), strict=False).network_address)
