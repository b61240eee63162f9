// How many columns of pictures show them largest in a given space.  Pure; pixels.
const ASPECT = 16 / 9;
const CAPTION = 32;
const GAP = 8;
const SMALLEST = 220; // a picture less wide than this shows nothing; then the page scrolls instead

export interface Grid {
  columns: number;
  width: number; // of the whole grid
}

/** `cells` pictures in `width` by `height`; an enlarged picture counts for four cells. */
export function bestGrid(cells: number, width: number, height: number): Grid {
  let best: Grid = { columns: 1, width: 0 };
  let bestTile = 0;
  for (let columns = 1; columns <= Math.max(1, Math.min(cells, 5)); columns++) {
    const rows = Math.ceil(cells / columns);
    const byWidth = (width - GAP * (columns - 1)) / columns;
    const byHeight = ((height - GAP * (rows - 1)) / rows - CAPTION) * ASPECT;
    const tile = Math.max(Math.min(byWidth, byHeight), Math.min(SMALLEST, byWidth));
    if (tile > bestTile) {
      bestTile = tile;
      best = { columns, width: Math.floor(tile * columns + GAP * (columns - 1)) };
    }
  }
  return best;
}
