import { runProgram } from './run-program.ts';
import { tempDir } from './temp-dir.ts';

/** A mounted folder; it is unmounted when it is disposed. Root only. */
export interface Mount extends AsyncDisposable {
  readonly path: string;
}

/** A disk of `bytes` (a tmpfs): a full disk is a small one. */
export async function smallDisk({ bytes }: { readonly bytes: number }): Promise<Mount> {
  return mount((path) => [['-t', 'tmpfs', '-o', `size=${String(bytes)}`, 'tmpfs', path]]);
}

/** `folder` seen through a mount that refuses writes: EROFS. */
export async function readOnlyMount(folder: string): Promise<Mount> {
  return mount((path) => [
    ['--bind', folder, path],
    ['-o', 'remount,ro,bind', path],
  ]);
}

async function mount(steps: (path: string) => readonly (readonly string[])[]): Promise<Mount> {
  const dir = await tempDir('longhaul-mount-');
  try {
    for (const args of steps(dir.path)) await runProgram('mount', args);
  } catch (error) {
    await dir[Symbol.asyncDispose]();
    throw error;
  }
  return {
    path: dir.path,
    [Symbol.asyncDispose]: async () => {
      // Lazily: a program that still has a file open must not keep the mount, nor fail the test that did its work.
      await runProgram('umount', ['-l', dir.path]);
      await dir[Symbol.asyncDispose]();
    },
  };
}
