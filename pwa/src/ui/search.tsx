import { createContext, use, type ReactNode } from "react";

interface Search {
  text: string;
  setText: (text: string) => void;
}

const SearchContext = createContext<Search>({ text: "", setText: () => undefined });

/** What is typed in the search box. In memory only: an address with it would stay in the browser's history. */
export function SearchProvider({ value, children }: { value: Search; children: ReactNode }) {
  return <SearchContext value={value}>{children}</SearchContext>;
}

export function useSearch(): Search {
  return use(SearchContext);
}
