import { createTheme, type MantineColorsTuple } from "@mantine/core";

const blue: MantineColorsTuple = [
  "#eef4ff", "#dbe7ff", "#b9d0ff", "#8fb4ff", "#6d9dfb", "#4a84f0", "#2f6ce0", "#1f59c8", "#1a4aa6", "#163d87",
];
const gray: MantineColorsTuple = [
  "#f7f8f9", "#eff1f3", "#e3e6ea", "#d3d8de", "#b4bbc4", "#8b949f", "#5d6673", "#474f5b", "#30363f", "#1c2026",
];
const dark: MantineColorsTuple = [
  "#e8eaed", "#c3c8cf", "#9ea6b0", "#7c8591", "#39404a", "#2b3139", "#21262d", "#171a1f", "#101317", "#0a0c0f",
];
const red: MantineColorsTuple = [
  "#fff0ee", "#ffdedb", "#ffbab4", "#ff9389", "#f86e63", "#e04a3f", "#c5352b", "#ac2820", "#8f1f18", "#6f1712",
];

/** What stands in a field, the browser keeps on its own disk to restore the tab with, in clear, unless it is told not to. */
const unkept = { defaultProps: { autoComplete: "off" } };

export const theme = createTheme({
  primaryColor: "blue",
  primaryShade: { light: 7, dark: 6 },
  colors: { blue, gray, dark, red },
  black: "#171a1f",
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Consolas, "Liberation Mono", monospace',
  // Nothing below 16 px; sizes follow the reader's own setting through rem.
  fontSizes: { xs: "1rem", sm: "1rem", md: "1rem", lg: "1.125rem", xl: "1.25rem" },
  components: { TextInput: unkept, PasswordInput: unkept, NativeSelect: unkept, Checkbox: unkept },
});
