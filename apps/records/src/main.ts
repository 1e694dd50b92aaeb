import { CallerVerifier } from '@keyport/access';
import { runService } from '@keyport/service';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';

const config = readConfig();

await runService({
  name: 'records',
  config,
  imports: [AppModule.with(config)],
  // The pages of exports: measured with a million small records, 251 MB at most instead of 266.
  heapGrowth: 80,
  isReady: (app) => app.get(CallerVerifier).isReady,
});
