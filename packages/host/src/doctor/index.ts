export type { DoctorRow, DoctorState } from './doctor-row.ts';
export { runDoctor } from './run-doctor.ts';
export type { DoctorOptions } from './run-doctor.ts';
