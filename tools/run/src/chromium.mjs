import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runToEnd } from './child.mjs';
import { say } from './workspace.mjs';

/** As Debian, and other systems, name it. */
const names = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The page on which a person lets a device in is tested in a real browser. Where there is none, and this may install one
 * (as root on Debian, as CI runs), it does; else the test says what is missing, and fails.
 */
export async function installChromiumWhereNeeded() {
  if (process.env.KEYPORT_CHROMIUM || names.some(isOnPath)) return;
  if (process.getuid?.() !== 0 || !isOnPath('apt-get')) return;
  say('Installing Chromium (apt-get install chromium)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=600'];
  await runToEnd('apt-get', [...options, 'update'], { env, capture: true });
  const install = [...options, 'install', '-y', '--no-install-recommends', 'chromium'];
  const { code, output } = await runToEnd('apt-get', install, { env, capture: true });
  if (code !== 0) say(output);
}

function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => isProgram(join(folder, name)));
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
