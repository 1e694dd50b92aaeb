import type { ServiceName } from '@keyport/contracts';
import { ErrorWatch } from '../processes/error-watch.ts';
import { SupervisedProcess, type ProcessPlan, type Surroundings } from '../processes/supervised-process.ts';

/** The five apps' processes. */
export class AppProcesses {
  readonly #around: Surroundings;
  readonly #processes = new Map<ServiceName, SupervisedProcess[]>();
  #errors: ErrorWatch | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  pidsOf(app: ServiceName): number[] {
    return (this.#processes.get(app) ?? []).flatMap(({ pid }) => pid ?? []);
  }

  /** auth first: it makes the signing key, the owner and the streams that the others look for. */
  async start(plans: Record<ServiceName, ProcessPlan[]>): Promise<void> {
    const logs = Object.values(plans)
      .flat()
      .map(({ name, logFile = '' }) => ({ name, path: logFile }));
    this.#errors = new ErrorWatch(logs, this.#around.log);
    const startAll = async (app: ServiceName) => {
      const processes = plans[app].map((plan) => new SupervisedProcess(plan, this.#around));
      this.#processes.set(app, processes);
      await Promise.all(processes.map((process) => process.start()));
    };
    await startAll('auth');
    await Promise.all((['records', 'import', 'export', 'gateway'] as const).map(startAll));
  }

  async stop(): Promise<void> {
    this.#errors?.close();
    await Promise.all([...this.#processes.values()].flat().map((process) => process.stop()));
  }
}
