type Packages = Record<string, { version?: string; optional?: boolean; link?: boolean }>;
export function covers(installed: Packages | undefined, wanted: Packages): boolean;
export function installWhereNeeded(): Promise<void>;
