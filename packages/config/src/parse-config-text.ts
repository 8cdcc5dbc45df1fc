// This file loads zod and yaml: it is imported only when there is a text to read that nobody has read yet.
import { ConfigError } from '@longhaul/errors';

import { explainIssue } from './explain-issue.ts';
import type { ParsedFile } from './parsed-file.ts';
import type { RawConfig } from './raw-config.ts';
import { checkShape } from './schema.ts';
import type { PositionedDocument } from './yaml-document.ts';
import { parseYaml } from './yaml-document.ts';

/** Reads and checks the text of one file. @throws ConfigError with file, line, column and the fix; it quotes no value of the file */
export function parseConfigText(text: string, file: string): ParsedFile {
  const document = parseYaml(text, file);
  return { raw: checked(document, file), locate: document.locate };
}

function checked(document: PositionedDocument, file: string): RawConfig {
  // A file of comments only is an empty configuration.
  const result = checkShape(document.value ?? {});
  if (result.ok) return result.config;
  const [first] = result.issues;
  throw first === undefined ? new ConfigError('the file cannot be used', { file }) : explainIssue(first, { file, document });
}
