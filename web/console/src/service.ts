// The client of the API as components see it. An app may give its own; without one it is that of the page's origin.
import { createAlmanac, type Almanac } from "@almanac/client";
import { createContext, useContext } from "react";

const ownOrigin = createAlmanac({ credentials: "same-origin" });

export const AlmanacContext = createContext<Almanac>(ownOrigin);

export function useAlmanac(): Almanac {
  return useContext(AlmanacContext);
}
