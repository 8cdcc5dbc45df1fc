// The demo's job: a zoom into the Mandelbrot set, one picture a file, about ten seconds of real computing on any machine.
// Each frame is sampled again and again (and gets smoother) until its share of the ten seconds is used up.
import { mkdirSync, writeFileSync } from 'node:fs';

const FRAMES = 300;
const SECONDS = 10;
const WIDTH = 96;
const HEIGHT = 72;
const CENTRE = { x: -0.743643887037151, y: 0.13182590420533 };

const folder = process.argv[2] ?? 'frames';
mkdirSync(folder, { recursive: true });
const started = performance.now();
const rows = ['frame,zoom,samples_per_pixel,mean_iterations'];
console.log(`rendering ${FRAMES} frames of ${WIDTH}x${HEIGHT} into ${folder}/`);

for (let frame = 0; frame < FRAMES; frame += 1) {
  const zoom = 1.04 ** frame;
  const deadline = started + ((frame + 1) * SECONDS * 1000) / FRAMES;
  const picture = render(zoom, deadline);
  writeFileSync(`${folder}/frame-${String(frame).padStart(3, '0')}.pgm`, picture.pgm);
  rows.push(`${frame},${zoom.toFixed(3)},${picture.samples},${picture.mean.toFixed(2)}`);
  if ((frame + 1) % 30 === 0) console.log(`frame ${frame + 1} of ${FRAMES}, zoom ${zoom.toFixed(1)}, ${picture.samples} samples a pixel`);
}
writeFileSync(`${folder}/index.csv`, `${rows.join('\n')}\n`);
console.log(`done: ${FRAMES} frames in ${((performance.now() - started) / 1000).toFixed(1)} s`);

function render(zoom, deadline) {
  const sums = new Float64Array(WIDTH * HEIGHT);
  let samples = 0;
  do {
    for (let y = 0; y < HEIGHT; y += 1) for (let x = 0; x < WIDTH; x += 1) sums[y * WIDTH + x] += iterations(x + Math.random(), y + Math.random(), zoom);
    samples += 1;
  } while (performance.now() < deadline);
  const grey = Buffer.from(Uint8Array.from(sums, (sum) => 255 - Math.min(255, sum / samples)));
  const mean = sums.reduce((total, sum) => total + sum, 0) / (samples * sums.length);
  return { pgm: Buffer.concat([Buffer.from(`P5\n${WIDTH} ${HEIGHT}\n255\n`), grey]), samples, mean };
}

function iterations(px, py, zoom) {
  const scale = 3 / (zoom * WIDTH);
  const cx = CENTRE.x + (px - WIDTH / 2) * scale;
  const cy = CENTRE.y + (py - HEIGHT / 2) * scale;
  let x = 0;
  let y = 0;
  let n = 0;
  while (n < 255 && x * x + y * y < 4) {
    [x, y] = [x * x - y * y + cx, 2 * x * y + cy];
    n += 1;
  }
  return n;
}
