export * from './queue-store/index.ts';
export * from './session-backend/index.ts';
export * from './transport/index.ts';
