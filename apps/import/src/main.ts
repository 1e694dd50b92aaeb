import { CallerVerifier } from '@keyport/access';
import { runService } from '@keyport/service';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';

const config = readConfig();

await runService({
  name: 'import',
  config,
  imports: [AppModule.on(config)],
  isReady: (app) => app.get(CallerVerifier).isReady,
});
