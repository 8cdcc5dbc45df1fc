export * from './session-backend/index.ts';
export * from './transport/index.ts';
