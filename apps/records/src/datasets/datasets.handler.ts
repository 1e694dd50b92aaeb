import { Caller, CallerOf } from '@keyport/access';
import { changeDataset, deleteDataset, getDataset, listDatasets, putDataset, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { SchemaChecks } from '../schema-checks/schema-checks.service.ts';
import { DatasetService } from './dataset.service.ts';

@Controller()
export class DatasetsHandler {
  constructor(
    private readonly datasets: DatasetService,
    private readonly schemas: SchemaChecks,
  ) {}

  @Handles(putDataset)
  put(@Payload() request: RequestOf<typeof putDataset>, @CallerOf() caller: Caller) {
    return this.schemas.put(request, caller);
  }

  @Handles(changeDataset)
  change(@Payload() request: RequestOf<typeof changeDataset>, @CallerOf() caller: Caller) {
    return this.schemas.change(request, caller);
  }

  @Handles(getDataset)
  get(@Payload() request: RequestOf<typeof getDataset>, @CallerOf() caller: Caller) {
    return this.datasets.get(request, caller);
  }

  @Handles(listDatasets)
  list(@Payload() request: RequestOf<typeof listDatasets>, @CallerOf() caller: Caller) {
    return this.datasets.list(request, caller);
  }

  @Handles(deleteDataset)
  delete(@Payload() { name }: RequestOf<typeof deleteDataset>, @CallerOf() caller: Caller) {
    return this.datasets.delete(name, caller);
  }
}
