import { CallerVerifier } from '@keyport/access';
import { runService } from '@keyport/service';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';

const config = readConfig();

await runService({
  name: 'import',
  config,
  imports: [AppModule.on(config)],
  // It gives its large buffers back: with 5 GB, measured, some 30 MB less than with 100.
  heapGrowth: 60,
  isReady: (app) => app.get(CallerVerifier).isReady,
});
