import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** As Debian, and other systems, name it. */
const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** Nothing but this machine is reached, and nothing is looked up in the background. */
const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

/** `KEYPORT_CHROMIUM=none`: the tests that need a browser are skipped, and jest counts them so. */
export const isBrowserDeclined = process.env.KEYPORT_CHROMIUM === 'none';

/** The Chromium of this machine, without a window. Rejects, saying what to do, where there is none. */
export function startBrowser(): Promise<Browser> {
  const executablePath = process.env.KEYPORT_CHROMIUM || onPath();
  if (!executablePath)
    throw new Error(
      'There is no Chromium on the PATH. Install it (on Debian: apt-get install chromium), name its program in KEYPORT_CHROMIUM, or set KEYPORT_CHROMIUM=none to leave these tests out.',
    );
  // Chromium's sandbox does not work for root, as which CI runs.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, timeout: 150_000, args: [...flags, ...sandbox] });
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
