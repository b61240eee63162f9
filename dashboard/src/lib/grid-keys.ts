// Arrow keys in a grid of buttons: left and right within a row, up and down to the nearest of the next row that has any.

/** The grid's keydown handler.  Buttons tell by `data-from` where they lie. */
export function move(event: KeyboardEvent): void {
  const here = document.activeElement as HTMLElement | null;
  const grid = event.currentTarget as HTMLElement;
  if (!here || !grid.contains(here)) return;
  const rows = [...grid.querySelectorAll<HTMLElement>('[role="row"]')]
    .map((row) => [...row.querySelectorAll<HTMLElement>("button[data-from]")])
    .filter((row) => row.length > 0);
  const at = rows.findIndex((row) => row.includes(here));
  const row = rows[at];
  if (!row) return;
  const from = (button: HTMLElement): number => Number(button.dataset.from);
  const nearest = (others: HTMLElement[] | undefined): HTMLElement | undefined =>
    others?.reduce((best, other) => (Math.abs(from(other) - from(here)) < Math.abs(from(best) - from(here)) ? other : best));
  const place = row.indexOf(here);
  const targets: Record<string, HTMLElement | undefined> = {
    ArrowLeft: row[place - 1],
    ArrowRight: row[place + 1],
    ArrowUp: nearest(rows[at - 1]),
    ArrowDown: nearest(rows[at + 1]),
    Home: row[0],
    End: row.at(-1),
  };
  if (!(event.key in targets)) return;
  event.preventDefault();
  const target = targets[event.key];
  target?.focus();
  target?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
