// Words and links as the server counts them (annotation/remarks.py): what stands between spaces and has a letter or a digit; of
// Chinese and Japanese, which have no spaces, every character.
const UNSPACED = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\u{20000}-\u{3ffff}]/gu;

export function countWords(text) {
  return text.replace(UNSPACED, " $& ").split(/\s+/u).filter((part) => /[\p{L}\p{N}]/u.test(part)).length;
}

export function linksIn(text) {
  return [...new Set(text.split(/\s+/u).filter(Boolean))];
}

export function isLink(text) {
  return /^https?:\/\//iu.test(text) && URL.canParse(text);
}
