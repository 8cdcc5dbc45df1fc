import { StringDecoder } from 'node:string_decoder';

import { EscapeStripper } from './strip-escapes.ts';

/** Complete lines of a run as plain text; those of its streams are kept apart until they are complete. */
export class PlainTexts {
  readonly #streams = new Map<string, { readonly decoder: StringDecoder; readonly stripper: EscapeStripper }>();

  push(stream: string, bytes: Uint8Array): string {
    const found = this.#streams.get(stream) ?? { decoder: new StringDecoder('utf8'), stripper: new EscapeStripper() };
    this.#streams.set(stream, found);
    return found.stripper.push(found.decoder.write(bytes));
  }

  end(): string {
    const rest = [...this.#streams.values()].map(({ decoder, stripper }) => stripper.push(decoder.end()) + stripper.end());
    this.#streams.clear();
    return rest.join('');
  }
}
