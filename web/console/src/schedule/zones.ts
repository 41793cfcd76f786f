// The list of time zones.

/** Zones by region, each list in alphabetical order. */
export function zonesByRegion(): [string, string[]][] {
  const regions = new Map<string, string[]>();
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    const [region = zone, ...rest] = zone.split("/");
    // Zones without a region are other names of UTC or of zones that have one.
    if (rest.length === 0) continue;
    const known = regions.get(region) ?? [];
    regions.set(region, [...known, zone]);
  }
  return [...regions];
}

/** `Buenos Aires` from `America/Argentina/Buenos_Aires`. */
export function cityOf(zone: string): string {
  return zone.split("/").slice(1).join(" – ").replaceAll("_", " ");
}
