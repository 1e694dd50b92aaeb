import { describe, expect, it } from '@jest/globals';
import { columnsOfSchema } from './schema-columns.ts';

describe('columns of a schema', () => {
  it('are the paths of its properties in their order', () => {
    const schema = { properties: { name: { type: 'string' }, age: { type: 'integer' }, active: true } };

    expect(columnsOfSchema(schema)).toEqual(['name', 'age', 'active']);
  });

  it('reach into objects whose properties are described', () => {
    const address = { type: 'object', properties: { city: {}, geo: { properties: { lat: {}, lon: {} } } } };

    expect(columnsOfSchema({ properties: { _id: {}, address } })).toEqual([
      ...['_id', 'address.city', 'address.geo.lat', 'address.geo.lon'],
    ]);
  });

  it('keep an object without described properties and an array as one value', () => {
    const schema = { properties: { meta: { type: 'object' }, tags: { items: { properties: { a: {} } } } } };

    expect(columnsOfSchema(schema)).toEqual(['meta', 'tags']);
  });

  it('tell a name with a dot from fields that it could join', () => {
    const schema = { properties: { 'a.b': {}, a: { properties: { b: {} } } } };

    expect(columnsOfSchema(schema)).toEqual(['a\\.b', 'a.b']);
  });

  it.each([[null], [{}], [{ properties: [] }], [{ type: 'object' }]])('are none for %j', (schema) => {
    expect(columnsOfSchema(schema)).toEqual([]);
  });
});
