/** Waits for a condition, not for a time; says what was waited for when it does not come. */
export async function eventually(what: string, patience: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${patience} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
