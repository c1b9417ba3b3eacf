// La página de exportar, como cliente de la API: según se elige, pregunta cómo será el fichero, enseña junto a cada
// campo lo que la API diga de él y escribe la URL que usaría un programa.
import { cabe, consulta, direccion, parametros } from "./consulta.js";
import { preparar } from "./eleccion.js";

const ESPERA = 300; // milisegundos desde el último cambio
const ES_MUCHO = 15; // segundos a partir de los que compensa no esperar

const formulario = document.getElementById("exportar");
const estimacion = document.getElementById("estimacion");
const consejo = document.getElementById("consejo");
const columnas = formulario.querySelector(".columnas");
const dondeHay = document.getElementById("donde-hay");
const enSuOrden = formulario.dataset.columnas.split(" ");
const maximo = Number(formulario.dataset.maximo);
const numero = new Intl.NumberFormat("es-ES", { useGrouping: "always", maximumFractionDigits: 1 });
let pregunta = new AbortController();
let temporizador;

function preguntarCabiendo(opciones) {
  if (cabe(formulario)) return fetch(`${formulario.dataset.estimar}?${consulta(formulario)}`, opciones);
  const body = new FormData(formulario);
  body.set("_estimar", "");
  return fetch(formulario.action, { method: "POST", body, ...opciones });
}

function orden(url) {
  const credenciales = "-H 'Authorization: Bearer EL-TOKEN-DE-ACCESO'";
  if (cabe(formulario)) return `curl -fOJ ${credenciales} '${url}'`;
  const cuerpo = JSON.stringify(Object.fromEntries(parametros(formulario))).replaceAll("'", "\\u0027");
  const encargar = window.location.origin + formulario.dataset.encargar;
  return `curl -f ${credenciales} -H 'Content-Type: application/json' -d '${cuerpo}' '${encargar}'`;
}

function tamano(bytes) {
  if (bytes < 1e3) return `${bytes} bytes`;
  const [unidad, letra] = bytes < 1e6 ? [1e3, "kB"] : bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${numero.format(bytes / unidad)} ${letra}`;
}

function tiempo(segundos) {
  if (segundos < 1) return "menos de 1 segundo";
  if (segundos < 90) return `unos ${numero.format(Math.ceil(segundos))} segundos`;
  return `unos ${numero.format(Math.ceil(segundos / 60))} minutos`;
}

function dia(fecha) {
  return fecha.slice(0, 10).split("-").reverse().join("/");
}

function ensenarErrores(errores) {
  const nota = document.querySelector(".errornote");
  if (nota) nota.hidden = Object.keys(errores).length === 0;
  for (const lista of formulario.querySelectorAll("[data-errores]")) {
    const motivos = errores[lista.dataset.errores] ?? [];
    lista.replaceChildren(...motivos.map((motivo) => Object.assign(document.createElement("li"), { textContent: motivo })));
    for (const campo of formulario.querySelectorAll(`[name="${lista.dataset.errores}"]`)) {
      if (motivos.length) campo.setAttribute("aria-invalid", "true");
      else campo.removeAttribute("aria-invalid");
    }
  }
}

// Si el periodo elegido abarca todas las llamadas que hay, o no se ha elegido ninguno.
function enTodosLosDias() {
  const { desde, hasta } = formulario.elements;
  const hay = dondeHay.querySelector("a")?.dataset;
  return (!desde.value && !hasta.value) || (desde.value === hay?.desde && hasta.value === hay?.hasta);
}

function ensenar({ filas, bytes_aproximados: bytes, segundos_aproximados: segundos, desde, hasta, aviso = "" }) {
  const cuantas = filas === 1 ? "1 llamada" : `${numero.format(filas)} llamadas`;
  const cuando = desde ? ` del ${dia(desde)} al ${dia(hasta)}` : "";
  const sobranFiltros = dondeHay.querySelector("a") && enTodosLosDias();
  estimacion.textContent = filas
    ? `${cuantas}${cuando}: más o menos ${tamano(bytes)}, en ${tiempo(segundos)}. ${aviso}`.trim()
    : `Ninguna llamada finalizada es así: el fichero llevaría solo la cabecera.${sobranFiltros ? " Pruebe con menos filtros." : ""}`;
  dondeHay.hidden = Boolean(filas) || enTodosLosDias();
  const noCabe = maximo && filas > maximo;
  const esMucho = noCabe || segundos > ES_MUCHO;
  consejo.hidden = !esMucho;
  consejo.textContent = noCabe
    ? `Al momento se descargan como mucho ${numero.format(maximo)} llamadas: expórtelas en segundo plano.`
    : "Es grande: en segundo plano no hay que esperar, y si la descarga se corta se continúa donde iba.";
  formulario.querySelector("[name=_segundo_plano]").classList.toggle("default", esMucho);
  formulario.querySelector("input[name=_descargar]").classList.toggle("default", !esMucho);
  formulario.querySelector("input[name=_descargar]").disabled = noCabe;
}

function sinSesion() {
  const entrar = document.createElement("a");
  entrar.href = `${formulario.dataset.entrar}?next=${encodeURIComponent(direccion(formulario))}`;
  entrar.textContent = "Entre otra vez";
  estimacion.replaceChildren("Su sesión ha terminado. ", entrar, " y seguirá donde estaba, con lo elegido.");
}

async function preguntar() {
  pregunta.abort();
  pregunta = new AbortController();
  const { signal } = pregunta;
  formulario.setAttribute("aria-busy", "true");
  try {
    const respuesta = await preguntarCabiendo({ signal });
    const aEntrar = respuesta.status === 401 || respuesta.redirected;
    const cuerpo = aEntrar ? {} : await respuesta.json();
    if (signal.aborted) return;
    ensenarErrores(respuesta.status === 400 ? cuerpo : {});
    dondeHay.hidden = true;
    if (aEntrar) sinSesion();
    else if (respuesta.ok) ensenar(cuerpo);
    else if (respuesta.status === 400) estimacion.textContent = "Hay algo que corregir más arriba.";
    else estimacion.textContent = cuerpo.detail ?? "El servidor no ha podido calcularlo.";
    formulario.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name === "AbortError") return;
    estimacion.textContent = "No se ha podido preguntar al servidor: compruebe la conexión.";
    formulario.removeAttribute("aria-busy");
  }
}

function alCambiar() {
  for (const parte of formulario.querySelectorAll("[data-solo-con]")) {
    const vale = parte.dataset.soloCon.split(" ").includes(formulario.elements.formato.value);
    parte.hidden = !vale;
    for (const campo of parte.querySelectorAll("input, select")) campo.disabled = !vale;
  }
  const url = `${window.location.origin}${formulario.dataset.exportar}?${consulta(formulario)}`.replace(/\?$/, "");
  formulario.elements.url.value = url;
  formulario.elements.curl.value = orden(url);
  document.getElementById("con-url").hidden = !cabe(formulario);
  document.getElementById("no-cabe").hidden = cabe(formulario);
  window.clearTimeout(temporizador);
  temporizador = window.setTimeout(preguntar, ESPERA);
}

function mover(fila, cuanto) {
  const vecina = cuanto < 0 ? fila.previousElementSibling : fila.nextElementSibling;
  if (!vecina) return;
  if (cuanto < 0) vecina.before(fila);
  else vecina.after(fila);
  alCambiar();
}

function ordenarColumnas() {
  let arrastrada;
  for (const boton of columnas.querySelectorAll("[data-mover]")) {
    boton.hidden = false;
    boton.addEventListener("click", () => {
      mover(boton.closest("li"), Number(boton.dataset.mover));
      boton.focus();
    });
  }
  for (const fila of columnas.children) {
    fila.draggable = true;
    fila.addEventListener("dragstart", () => (arrastrada = fila));
    fila.addEventListener("dragover", (suceso) => {
      suceso.preventDefault();
      if (!arrastrada || fila === arrastrada) return;
      const { top, height } = fila.getBoundingClientRect();
      fila[suceso.clientY < top + height / 2 ? "before" : "after"](arrastrada);
    });
    fila.addEventListener("dragend", () => {
      arrastrada = undefined;
      alCambiar();
    });
  }
}

function elegirColumnas() {
  const marcar = (marcada) => {
    for (const marca of columnas.querySelectorAll("[type=checkbox]")) marca.checked = marcada;
    alCambiar();
  };
  const ordenar = () => {
    const fila = (nombre) => columnas.querySelector(`[value="${nombre}"]`).closest("li");
    columnas.append(...enSuOrden.map(fila));
    marcar(true);
  };
  const hacer = { todas: () => marcar(true), ninguna: () => marcar(false), "como-al-principio": ordenar };
  for (const boton of formulario.querySelectorAll("[data-columnas-elegir]")) {
    boton.addEventListener("click", hacer[boton.dataset.columnasElegir]);
  }
  formulario.querySelector(".elegir-columnas").hidden = false;
}

async function copiar(boton) {
  const campo = formulario.elements[boton.dataset.copiar];
  campo.select();
  try {
    await navigator.clipboard.writeText(campo.value);
    document.getElementById("copiado").textContent = "Copiado.";
  } catch {
    // Sin HTTPS el navegador no deja: queda seleccionado.
    document.getElementById("copiado").textContent = "Está seleccionado: cópielo con Ctrl-C.";
  }
}

for (const boton of formulario.querySelectorAll("[data-copiar]")) {
  boton.hidden = false;
  boton.addEventListener("click", () => copiar(boton));
}
estimacion.hidden = false;
formulario.addEventListener("input", alCambiar);
formulario.addEventListener("submit", (suceso) => {
  const mal = formulario.querySelector("[aria-invalid]:not([disabled])");
  if (mal) {
    suceso.preventDefault();
    mal.focus();
  }
});
// El desplegable de la administración avisa con jQuery de lo que se elige en él.
window.django.jQuery(formulario.querySelector(".admin-autocomplete")).on("change", alCambiar);
preparar(formulario, alCambiar);
ordenarColumnas();
elegirColumnas();
alCambiar();
