// Texts of samples come without a language. Where Hangul prevails the block is marked as Korean: lines then break between words, and a
// screen reader speaks it with the right voice.

const HANGUL = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]/g;
const LETTERS = /\p{L}/gu;

export function isMostlyKorean(text) {
  const letters = text.slice(0, 2000).match(LETTERS)?.length ?? 0;
  const hangul = text.slice(0, 2000).match(HANGUL)?.length ?? 0;
  return letters > 0 && hangul / letters > 0.3;
}

export function setLanguages(root) {
  for (const block of root.querySelectorAll("[data-text]:not([lang])")) {
    if (isMostlyKorean(block.textContent)) block.lang = "ko";
  }
}
