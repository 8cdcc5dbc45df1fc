/**
 * What a NAS or a desktop writes by itself into every folder that it looks at, and writes anew once it is gone: thumbnails, indexes, how a window showed the
 * folder, and attributes of files that it keeps beside them. Short on purpose: bins (`#recycle`, `@Recycle`, `.Trash-1000`) hold what people have deleted and may want back.
 */
export const LITTER_FOLDERS: readonly string[] = ['@eaDir', '.@__thumb', '.AppleDouble'];
export const LITTER_FILES: readonly string[] = ['.DS_Store', 'Thumbs.db'];

/** Whether a regular file at this path is such litter (PROTOCOL.md, "What others put into a result"). */
export function isLitter(path: string): boolean {
  const parts = path.split('/');
  return LITTER_FILES.includes(parts.at(-1) ?? '') || isLitterFolder(parts.slice(0, -1).join('/'));
}

/** Whether a folder at this path is one, or lies in one. */
export function isLitterFolder(path: string): boolean {
  return path.split('/').some((part) => LITTER_FOLDERS.includes(part));
}
