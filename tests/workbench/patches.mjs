// Reads [[original, before, after], …] and answers what patch makes of each.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { patch } = await import(pathToFileURL(`${process.argv[2]}/src/parts/patch.js`));
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map((each) => patch(...each))));
