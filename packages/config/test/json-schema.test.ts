import { expect, it } from 'vitest';

import { jsonSchema, SETTINGS } from '../src/index.ts';

const schema = await jsonSchema();

function properties(holder: unknown): Record<string, unknown> {
  return ((holder as { properties?: Record<string, unknown> } | undefined)?.properties ?? {});
}

it('knows every plain setting, so that no setting can be written in the environment only', () => {
  for (const { path } of SETTINGS) {
    const [section = '', key = ''] = path.split('.');
    expect(Object.keys(properties(properties(schema)[section])), path).toContain(key);
  }
});

it('forbids unknown keys everywhere a map has fixed keys', () => {
  const open: string[] = [];
  const visit = (node: unknown, at: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const record = node as Record<string, unknown>;
    if (record['properties'] !== undefined && record['additionalProperties'] !== false) open.push(at);
    for (const [key, child] of Object.entries(record)) visit(child, `${at}/${key}`);
  };
  visit(schema, '');
  expect(open).toEqual([]);
});

it('is a draft 2020-12 schema with a title', () => {
  expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'longhaul.yaml', type: 'object' });
});
