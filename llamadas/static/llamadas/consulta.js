// Lo elegido en un formulario, como los parámetros con que se pediría a la API: lo que en el servidor hace
// `panel/formulario.py`.

export function parametros(formulario) {
  const deCorreos = formulario.dataset.deCorreos.split(" "); // un espacio de más es otro correo
  const leidos = new Map();
  for (const [nombre, escrito] of new FormData(formulario)) {
    const valor = deCorreos.includes(nombre) ? escrito : escrito.trim();
    if (nombre.startsWith("_") || nombre === "csrfmiddlewaretoken" || !valor.trim()) continue;
    leidos.set(nombre, [...(leidos.get(nombre) ?? []), valor]);
  }
  const [formato, dialecto] = leidos.get("formato")?.[0].split(":") ?? [];
  if (dialecto) leidos.set("formato", [formato]).set("dialecto", [dialecto]);
  // No marcar ninguna columna no es pedirlas todas; y pedirlas todas, en su orden, es no decir nada.
  const enSuOrden = formulario.dataset.columnas?.split(" ").join(",");
  if (enSuOrden && !leidos.has("columnas")) leidos.set("columnas", [""]);
  if (leidos.get("columnas")?.join() === enSuOrden) leidos.delete("columnas");
  return leidos;
}

export function consulta(formulario) {
  const escribir = (texto) =>
    encodeURIComponent(texto)
      .replace(/%(2C|3A|40|2F)/g, decodeURIComponent)
      .replace(/[!'()*]/g, (signo) => `%${signo.charCodeAt(0).toString(16).toUpperCase()}`);
  // Si alguno lleva ya una coma, como puede un correo, se repite el parámetro.
  const repartir = (valores) => (valores.some((valor) => valor.includes(",")) ? valores : [valores.join()]);
  return [...parametros(formulario)]
    .flatMap(([nombre, valores]) => repartir(valores).map((valor) => `${nombre}=${escribir(valor)}`))
    .join("&");
}

// Si la URL no es más larga de lo que admiten los servidores, medida como en la página.
export function cabe(formulario) {
  const pares = [...parametros(formulario)].flatMap(([nombre, valores]) => valores.map((valor) => [nombre, valor]));
  return new URLSearchParams(pares).toString().length <= Number(formulario.dataset.urlMaxima);
}

// La dirección de esta página con lo elegido; sin ello, si no cabría dentro de la de entrar.
export function direccion(formulario) {
  const elegido = consulta(formulario);
  const largo = encodeURIComponent(elegido).length;
  return window.location.pathname + (largo <= Number(formulario.dataset.urlMaxima) ? `?${elegido}` : "");
}
