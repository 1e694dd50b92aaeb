import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { clearInterval, setInterval } from 'node:timers';
import { workspaceRoot } from './workspace.mjs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const lookForNpmMs = 500;

/**
 * Runs a command to its end and resolves with its exit code and, where `capture` is set, its output. Signals go on to
 * it, and it is told to end when npm, or whoever else started this script, is gone. `ipc` is for Node children, which
 * see by the closed channel that this process was killed.
 */
export function runToEnd(command, args, { env = process.env, ipc = false, capture = false } = {}) {
  return new Promise((resolve) => {
    const output = capture ? 'pipe' : 'inherit';
    const child = spawn(command, args, {
      cwd: workspaceRoot,
      env,
      stdio: ['inherit', output, output, ...(ipc ? ['ipc'] : [])],
    });
    const pieces = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => pieces.push(piece));
    const end = () => child.kill('SIGTERM');
    const forward = Object.fromEntries(signals.map((signal) => [signal, () => child.kill(signal)]));
    for (const signal of signals) process.on(signal, forward[signal]);
    process.on('disconnect', end);
    const watch = watchNpm(end);
    const settle = (code) => {
      clearInterval(watch);
      process.off('disconnect', end);
      for (const signal of signals) process.off(signal, forward[signal]);
      resolve({ code, output: Buffer.concat(pieces).toString() });
    };
    child.once('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      settle(1);
    });
    child.once('close', (code) => settle(code ?? 1));
  });
}

/** A killed npm tells its script nothing. Only npm is watched: any other parent may end and leave this running. */
function watchNpm(onGone) {
  if (process.env.npm_lifecycle_event === undefined || process.connected) return undefined;
  const parent = process.ppid;
  const shellParent = parentOfShell(parent);
  return setInterval(() => {
    if (process.ppid !== parent || (shellParent !== undefined && !isAlive(shellParent))) onGone();
  }, lookForNpmMs);
}

/** npm runs scripts through a shell, which may stay in between (Linux: /proc tells). */
function parentOfShell(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    return /^(sh|dash|bash|ash)$/.test(name) ? Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
