export * from './session-backend/index.ts';
