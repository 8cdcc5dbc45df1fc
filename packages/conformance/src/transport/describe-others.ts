import type { RawPath } from '@longhaul/sync-transports';
import { rawPathFromText } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import type { SourceEntry } from './source-tree.ts';
import type { JobOptions } from './transport-bench.ts';
import { TransportBench } from './transport-bench.ts';
import type { TransportSubject } from './subject.ts';

const raw = (path: string): RawPath => path as RawPath;
const NEXT: JobOptions = { jobId: 'job-2', generation: 2 };
/** What people and a NAS put into results. */
const OTHERS = ['NOTES.txt', 'deep/@eaDir/file@SynoEAStream', 'deep/er/.DS_Store', 'odd (1)/Thumbs.db'];
const LITTER = ['.DS_Store', 'deep/er/Thumbs.db', 'deep/@eaDir/er/SYNOINDEX_MEDIA_INFO', 'deep/er/@eaDir/b@SynoEAStream', '.@__thumb/default/s100a', 'deep/.AppleDouble/.Parent'];
const KEPT = [...OTHERS, 'deep', 'deep/@eaDir', 'deep/er', 'odd (1)'].sort();
/** Sealed ones that somebody changes there, the last of them to another length. */
const EDITED = ['-', "odd (1)/100% it's", 'back\\slash', 'new\nline/in\nit', '\u00fcml\u00e4ut', 'odd (1)/with  space'];
const KEPT_NAME = /^results\.kept-\d{8}T\d{6}Z$/;

/** Nothing that somebody has put into a result is deleted with it. */
export function describeOthers(subject: TransportSubject): void {
  describe('what others have put into a result', () => {
    it('is kept beside the next generation, sealed files that somebody has edited too; which says where, and nothing else of the earlier one is', async () => {
      const bench = await TransportBench.open(subject);
      await bench.deliver(await bench.sealed(oddEntries(bench)));
      await addOthers(bench);
      for (const path of EDITED) await bench.destination.write(rawPathFromText(`results/${path}`), edit(path));
      await bench.destination.write(raw('results/deep/er/b'), 'deep/er/b');
      const next = await changed(bench, 'second');
      await bench.push(next, NEXT);
      const outcome = await bench.publish(next, NEXT);
      const kept = await keptNames(bench);
      expect(kept).toEqual([expect.stringMatching(KEPT_NAME)]);
      expect(outcome).toEqual({ kind: 'published', leftover: expect.stringContaining(`"${kept[0] ?? ''}"`) as string });
      await expectKept(bench, EDITED);
      expect(await bench.compared(next, NEXT, 'final')).toEqual(bench.exact);
      // And no generation after that one touches it. (Where each call is a program of its own, twice is enough.)
      if (subject.crashes === 'each-step') await bench.deliver(await changed(bench, 'third'), { jobId: 'job-3', generation: 3 });
      await expectKept(bench, EDITED);
    });

    it('is dropped where it is nothing but what a system litters every folder with', async () => {
      const bench = await TransportBench.open(subject);
      await bench.deliver(await bench.sealed([{ path: 'a', content: 'first' }, { path: 'deep/er/b', content: 'b' }]));
      for (const path of LITTER) await bench.destination.write(raw(`results/${path}`), 'written by a system');
      const next = await changed(bench, 'second');
      await bench.push(next, NEXT);
      expect(await bench.publish(next, NEXT)).toEqual({ kind: 'published' });
      expect(await keptNames(bench)).toEqual([]);
      expect(await bench.compared(next, NEXT, 'final')).toEqual(bench.exact);
      expect(await bench.leftovers()).toEqual([]);
    });

    if (subject.crashes === 'each-step') {
      it.each(['reveal', 'unlock'])('is kept when the publish was killed after the step "%s", whoever comes next', async (step) => {
        const bench = await TransportBench.open(subject);
        await bench.deliver(await bench.sealed([{ path: 'a', content: 'first' }, { path: 'deep/er/b', content: 'b' }, { path: 'odd (1)/c', content: 'c' }]));
        await addOthers(bench);
        const next = await changed(bench, 'second');
        await bench.push(next, NEXT);
        await bench.world.publishUntil?.(step, bench.publishRequest(next, NEXT));
        if (step === 'reveal') expect(await bench.publish(next, { ...NEXT, epoch: 2 })).toMatchObject({ kind: 'published', leftover: expect.stringContaining('results.kept-') as string });
        else await bench.transport.remove({ placement: bench.placement({ ...NEXT, epoch: 2 }) });
        await expectKept(bench);
        expect(await bench.text('a')).toBe('second');
      });
    }
  });
}

function oddEntries({ traits }: TransportBench): readonly SourceEntry[] {
  const paths = ['a', '-', 'deep/er/b', 'odd (1)/with  space', "odd (1)/100% it's", 'new\nline/in\nit', 'back\\slash', 'back\\new\n', '\u00fcml\u00e4ut', '.longhaul-not/x', 'deep/.longhaul/data'];
  const files = paths.map((path): SourceEntry => ({ path, content: path === 'a' ? 'first' : path, mtime: 1_700_000_000 }));
  if (traits.keeps !== 'all') return files;
  const links = ['link', 'odd (1)/l ink', 'new\nline/li\nnk'].map((path): SourceEntry => ({ path, symlink: '../nowhere' }));
  return [...files, ...links, { path: 'empty folder', folder: true }, { path: 'read only', folder: true, mode: 0o555 }];
}

function edit(path: string): string {
  return path === EDITED.at(-1) ? `${path}, and more` : path.replace(/./g, '!');
}

async function addOthers({ destination }: TransportBench): Promise<void> {
  for (const path of OTHERS) await destination.write(raw(`results/${path}`), `not of Longhaul: ${path}`);
}

async function changed(bench: TransportBench, content: string): ReturnType<TransportBench['sealed']> {
  return bench.sealed([{ path: 'a', content }]);
}

async function keptNames({ destination }: TransportBench): Promise<readonly RawPath[]> {
  return (await destination.list(raw(''))).filter((path) => path.includes('.kept-') && !path.includes('/'));
}

async function expectKept(bench: TransportBench, edited: readonly string[] = []): Promise<void> {
  const [place = raw('nothing was kept'), ...more] = await keptNames(bench);
  expect(more).toEqual([]);
  const folders = edited.flatMap((path) => (path.includes('/') ? [path.slice(0, path.lastIndexOf('/'))] : []));
  const wanted = [...new Set([...KEPT, ...edited, ...folders])].map((path) => rawPathFromText(path)).sort();
  expect((await bench.destination.list(place)).map((path) => path.slice(place.length + 1)).filter((path) => path !== '').sort()).toEqual(wanted);
  expect(await bench.text('NOTES.txt', place)).toBe('not of Longhaul: NOTES.txt');
  for (const path of edited) expect(await bench.text(rawPathFromText(path), place)).toBe(edit(path));
  expect(await bench.leftovers()).toEqual([]);
}
