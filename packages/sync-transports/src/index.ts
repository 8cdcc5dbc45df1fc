export * from './raw-path.ts';
export type * from './receipt.ts';
export type * from './seal.ts';
export type * from './sealer.ts';
export type * from './transport.ts';
