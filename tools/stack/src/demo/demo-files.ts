import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot } from '../supervisor/app-plans.ts';
import { withNumbers, type Row } from './compare-rows.ts';
import { csvRows } from './csv-rows.ts';

/** A real file of the npm package vega-datasets and the dataset it goes into. */
export interface DemoFile {
  readonly dataset: string;
  readonly file: string;
  readonly contentType: string;
  readonly definition: { readonly schema: object; readonly key?: readonly string[] };
  readonly numericColumns: readonly string[];
  /** The file's rows, read without Keyport. */
  readRows(): Promise<readonly Row[]>;
}

const data = (name: string) => join(workspaceRoot, 'node_modules', 'vega-datasets', 'data', name);
const text = { type: 'string' };
const number = { type: 'number' };

const airports = data('airports.csv');
const flights = data('flights-200k.json');

export const demoFiles: readonly DemoFile[] = [
  {
    dataset: 'airports',
    file: airports,
    contentType: 'text/csv',
    definition: {
      schema: {
        type: 'object',
        properties: {
          ...{ iata: text, name: text, city: text, state: text, country: text },
          ...{ latitude: number, longitude: number },
        },
        required: ['iata'],
      },
      key: ['iata'],
    },
    numericColumns: ['latitude', 'longitude'],
    readRows: async () => withNumbers(csvRows(await readFile(airports, 'utf8')), ['latitude', 'longitude']),
  },
  {
    dataset: 'flights',
    file: flights,
    contentType: 'application/json',
    definition: { schema: { type: 'object', properties: { delay: number, distance: number, time: number } } },
    numericColumns: ['delay', 'distance', 'time'],
    readRows: async () => JSON.parse(await readFile(flights, 'utf8')) as Row[],
  },
];
