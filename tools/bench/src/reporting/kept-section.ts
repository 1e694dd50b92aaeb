/** A page's section of this title, with what is below it; undefined where it has none. */
export function sectionOf(page: string, title: string): string | undefined {
  const begin = page.search(new RegExp(`^## ${title}$`, 'm'));
  if (begin < 0) return undefined;
  const next = page.slice(begin + 1).search(/^## /m);
  return page.slice(begin, next < 0 ? undefined : begin + 1 + next).trim();
}

/** The page with this section in the place of the one of its title, or at its end. */
export function withSection(page: string, title: string, section: string): string {
  const before = sectionOf(page, title);
  if (before === undefined) return `${page.trim()}\n\n${section}\n`.trimStart();
  return page.replace(before, () => section);
}
