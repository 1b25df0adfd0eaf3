// Texts of samples come without a language. Where Hangul, kana or Han prevail the block is marked as Korean, Japanese or Chinese: lines
// then break where they should, letters have the shapes of that language, and a screen reader speaks it with the right voice.

const LOOKED_AT = 2000;
const LETTERS = /\p{L}/gu;
const HANGUL = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]/g;
const KANA = /[\u3040-\u30ff]/g;
const HAN = /\p{Script=Han}/gu;

export function languageOf(text) {
  const start = text.slice(0, LOOKED_AT);
  const count = (letters) => start.match(letters)?.length ?? 0;
  const [all, hangul, kana, han] = [LETTERS, HANGUL, KANA, HAN].map(count);
  if (hangul > 0.3 * all) return "ko";
  if (kana + han <= 0.3 * all) return "";
  return kana > 0.1 * all ? "ja" : "zh";
}

export function setLanguages(root) {
  for (const block of root.querySelectorAll("[data-text]:not([lang])")) {
    const language = languageOf(block.textContent);
    if (language) block.lang = language;
  }
}
