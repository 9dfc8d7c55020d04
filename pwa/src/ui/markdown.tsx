import type { ReactNode } from "react";
import styles from "./markdown.module.css";

/**
 * The little Markdown letters use: paragraphs, lists, bold and italic. Built as elements, never as markup, so text from
 * anywhere stays text.
 */
export function Markdown({ text }: { text: string }) {
  const blocks = text.replace(/\r\n?/g, "\n").split(/\n{2,}/).filter((block) => block.trim() !== "");
  return <div className={styles.text}>{blocks.map((block, index) => <Block key={index} block={block} />)}</div>;
}

function Block({ block }: { block: string }) {
  const lines = block.split("\n");
  const bullets = lines.every((line) => /^\s*[-*]\s+/.test(line));
  const numbers = lines.every((line) => /^\s*\d+[.)]\s+/.test(line));
  if (bullets || numbers) {
    const items = lines.map((line, index) => <li key={index}>{inline(line.replace(/^\s*([-*]|\d+[.)])\s+/, ""))}</li>);
    return bullets ? <ul>{items}</ul> : <ol>{items}</ol>;
  }
  return <p>{lines.map((line, index) => <span key={index}>{index > 0 && <br />}{inline(line)}</span>)}</p>;
}

function inline(line: string): ReactNode[] {
  return line.split(/(\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/).map((part, index) => {
    if (/^\*\*[^*]+\*\*$/.test(part)) return <strong key={index}>{part.slice(2, -2)}</strong>;
    if (/^\*[^*]+\*$/.test(part)) return <em key={index}>{part.slice(1, -1)}</em>;
    return part;
  });
}
