import { CallerVerifier } from '@keyport/access';
import { loadConfig, runService } from '@keyport/service';
import { AppModule } from './app.module.ts';
import { authConfig } from './config.ts';

const config = loadConfig(authConfig);

await runService({
  name: 'auth',
  config,
  imports: [AppModule.on(config)],
  isReady: (app) => app.get(CallerVerifier).isReady,
});
