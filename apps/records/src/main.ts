import { CallerVerifier } from '@keyport/access';
import { runService } from '@keyport/service';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';

const config = readConfig();

await runService({
  name: 'records',
  config,
  imports: [AppModule.with(config)],
  // The pages of exports: measured with four streams of a million records at once, 249 MB at most; with 80 it is 259.
  heapGrowth: 60,
  isReady: (app) => app.get(CallerVerifier).isReady,
});
