// Las celdas de un libro, tal como las leen SheetJS y ExcelJS: números, textos, nulos y fechas.
const ExcelJS = require("exceljs");
const XLSX = require("xlsx");

// Un día con decimales no da segundos exactos, y no todos redondean.
const fecha = (valor) => ({ fecha: new Date(Math.round(valor / 1000) * 1000).toISOString().slice(0, 19) });
const celda = (valor) => (valor instanceof Date ? fecha(valor) : (valor ?? null));
const lista = (cuantos, cual) => Array.from({ length: cuantos }, (_, n) => cual(n));

function conSheetJS(contenido) {
  const libro = XLSX.read(contenido, { cellDates: true });
  return libro.SheetNames.map((nombre) => {
    const hoja = libro.Sheets[nombre];
    const { e: ultima } = XLSX.utils.decode_range(hoja["!ref"]);
    return lista(ultima.r + 1, (r) =>
      lista(ultima.c + 1, (c) => {
        const leida = hoja[XLSX.utils.encode_cell({ r, c })];
        return leida?.f ? { formula: leida.f } : celda(leida?.v);
      }),
    );
  });
}

async function conExcelJS(contenido) {
  const libro = new ExcelJS.Workbook();
  await libro.xlsx.load(contenido);
  return libro.worksheets.map((hoja) =>
    lista(hoja.rowCount, (r) => lista(hoja.columnCount, (c) => celda(hoja.getRow(r + 1).getCell(c + 1).value))),
  );
}

(async () => {
  const contenido = require("node:fs").readFileSync(0);
  const leido = { SheetJS: conSheetJS(contenido), ExcelJS: await conExcelJS(contenido) };
  process.stdout.write(JSON.stringify(leido));
})();
