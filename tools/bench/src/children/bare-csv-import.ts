// The same for CSV, with uDSV. CPU seconds for 200,000 of these rows from a stream, on a machine that was not quiet: uDSV
// 0.17 to 0.24, papaparse 0.18 to 0.28 (no telling them apart), csv-parser 0.7, csv-parse 0.8, fast-csv 1.6 to 1.8.
import { CsvOrders } from './csv-orders.ts';
import { serveInserts, type RowParser } from './insert-server.ts';

function csvParser(): RowParser {
  const orders = new CsvOrders();
  return { parse: (text, add) => orders.take(text, add), end: () => orders.end() };
}

await serveInserts(csvParser);
