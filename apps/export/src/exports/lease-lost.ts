/** Another process holds the export now, or it was deleted: whoever meets this stops and changes nothing more. */
export class LeaseLost extends Error {
  constructor() {
    super('the lease of the export is lost');
    this.name = 'LeaseLost';
  }
}
