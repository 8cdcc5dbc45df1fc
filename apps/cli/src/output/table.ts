import { cutText, textWidth } from './text-width.ts';

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** The text of a cell; it must be printable. */
  readonly cell: (row: Row) => string;
  /** Columns are dropped from the highest number down until the table fits; 0 is never dropped. */
  readonly priority: number;
  /** `cut`: may be shortened with `…`; `whole` (ids, names): never. */
  readonly fit?: 'whole' | 'cut';
  readonly align?: 'left' | 'right';
  /** Colours a cell after its width is known. */
  readonly paint?: (text: string, row: Row) => string;
}

/** The least that a shortened column keeps. */
const MIN_CUT = 12;
const GAP = 2;

/**
 * A table for a terminal of `width` columns. Columns are dropped by priority, then the ones that may be cut are cut;
 * what may not be cut is never wrapped by us, even where the terminal is narrower than it.
 */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number): string {
  const cells = rows.map((row) => new Map(columns.map((column) => [column, column.cell(row)])));
  const natural = new Map(columns.map((column) => [column, Math.max(textWidth(column.title), ...cells.map((line) => textWidth(line.get(column) ?? '')))]));
  const { kept, widths } = layOut(columns, natural, width);
  const header = kept.map((column) => pad(column.title, widths.get(column) ?? 0, column)).join(' '.repeat(GAP));
  const lines = cells.map((line, index) => {
    const row = rows[index];
    return kept
      .map((column) => {
        const text = pad(cutText(line.get(column) ?? '', widths.get(column) ?? 0), widths.get(column) ?? 0, column);
        return column.paint === undefined || row === undefined ? text : column.paint(text, row);
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  });
  return [header.trimEnd(), ...lines].map((line) => `${line}\n`).join('');
}

/** Tab-separated lines without a header, for programs like cut and awk. Cells hold no tab or newline: they are printable. */
export function renderPlain<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  return rows.map((row) => `${columns.map((column) => column.cell(row)).join('\t')}\n`).join('');
}

interface Layout<Row> {
  readonly kept: readonly Column<Row>[];
  readonly widths: ReadonlyMap<Column<Row>, number>;
}

function layOut<Row>(columns: readonly Column<Row>[], natural: ReadonlyMap<Column<Row>, number>, width: number): Layout<Row> {
  let kept = [...columns];
  const floor = (column: Column<Row>): number => {
    const own = natural.get(column) ?? 0;
    return column.fit === 'cut' ? Math.min(own, MIN_CUT) : own;
  };
  const total = (size: (column: Column<Row>) => number): number => kept.reduce((sum, column) => sum + size(column) + GAP, -GAP);
  while (total(floor) > width) {
    const least = kept.reduce((worst, column) => (column.priority > worst.priority ? column : worst));
    if (least.priority === 0) break;
    kept = kept.filter((column) => column !== least);
  }
  const widths = new Map(kept.map((column) => [column, natural.get(column) ?? 0]));
  let excess = total((column) => natural.get(column) ?? 0) - width;
  for (const column of kept.filter((candidate) => candidate.fit === 'cut').sort((a, b) => (natural.get(b) ?? 0) - (natural.get(a) ?? 0))) {
    if (excess <= 0) break;
    const own = natural.get(column) ?? 0;
    const cut = Math.min(excess, own - floor(column));
    widths.set(column, own - cut);
    excess -= cut;
  }
  return { kept, widths };
}

function pad<Row>(text: string, width: number, { align }: Column<Row>): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'right' ? `${space}${text}` : `${text}${space}`;
}
