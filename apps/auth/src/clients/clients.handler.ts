import { CallerOf, type Caller } from '@keyport/access';
import { changeClient, createClient, deleteClient, getClient, listClients, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ClientsService } from './clients.service.ts';

@Controller()
export class ClientsHandler {
  constructor(private readonly clients: ClientsService) {}

  @Handles(createClient)
  create(@Payload() request: RequestOf<typeof createClient>, @CallerOf() caller: Caller) {
    return this.clients.create(caller, request);
  }

  @Handles(listClients)
  list(@Payload() request: RequestOf<typeof listClients>, @CallerOf() caller: Caller) {
    return this.clients.list(caller, request);
  }

  @Handles(getClient)
  get(@Payload() { clientId }: RequestOf<typeof getClient>, @CallerOf() caller: Caller) {
    return this.clients.get(caller, clientId);
  }

  @Handles(changeClient)
  change(@Payload() request: RequestOf<typeof changeClient>, @CallerOf() caller: Caller) {
    return this.clients.change(caller, request);
  }

  @Handles(deleteClient)
  async delete(@Payload() { clientId }: RequestOf<typeof deleteClient>, @CallerOf() caller: Caller) {
    await this.clients.delete(caller, clientId);
    return {};
  }
}
