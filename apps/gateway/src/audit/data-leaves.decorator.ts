import { SetMetadata } from '@nestjs/common';

export const dataLeavesKey = 'keyport:data-leaves';

/** A read that hands out records: it is audited like a change. */
export const DataLeaves = () => SetMetadata(dataLeavesKey, true);
