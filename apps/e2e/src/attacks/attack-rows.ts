import type { Attack } from './attack.ts';

/** `name | source | refusal` as docs/attacks.md writes it: Markdown's own characters escaped, which prettier insists on. */
export const attackRows = (attacks: readonly Attack[]): string[] =>
  attacks.map(({ name, source, refusal }) => `${escaped(name)} | ${escaped(source)} | ${refusal}`);

const escaped = (text: string) =>
  text.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('<', '\\<').replace(/__/g, '\\_\\_');
