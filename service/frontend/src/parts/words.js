// What scripts say, in the page's language: English stands in the code, and the page brings what it is in another one.
//   spoken('Draft saved, {time}', { time })      later('Copied'): a text that is spoken further on
// Both are found by what looks for messages (service/languages/extraction.py), by their names and quotes.
const brought = document.getElementById('words');
const translated = JSON.parse(brought?.textContent || '{}');

export const language = brought ? document.documentElement.lang : 'en';
export const later = (english) => english;

export function spoken(english, values = {}) {
  const text = Object.hasOwn(translated, english) ? translated[english] : english;
  return text.replace(/\{(\w+)\}/g, (all, name) => (Object.hasOwn(values, name) ? values[name] : all));
}
