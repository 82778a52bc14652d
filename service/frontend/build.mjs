// Bundles the web parts: node build.mjs OUTDIR
//
// Every src/*.js and src/ui.css becomes an entry with its content's hash in its name, and manifest.json says which
// name has which file, so that browsers may keep files for ever. Every src/server/*.js becomes one classic script
// that sets the global `casewright`; the service runs these in quickjs, without Node.
import { build } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const outdir = resolve(process.argv[2] ?? '../static/dist');
const scripts = (folder) => (existsSync(folder) ? readdirSync(folder) : [])
  .filter((name) => name.endsWith('.js')).sort().map((name) => join(folder, name));

const common = {
  bundle: true, minify: true, metafile: true, legalComments: 'none', logLevel: 'warning',
  // The libraries' style sheets name each font in five formats; every browser of ours reads woff2.
  loader: { '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty', '.eot': 'empty', '.svg': 'empty' },
};

mkdirSync(join(outdir, 'server'), { recursive: true });
const pages = await build({
  ...common, entryPoints: [...scripts('src'), 'src/ui.css'], outdir,
  format: 'esm', splitting: true, target: ['es2022', 'chrome123', 'firefox121', 'safari17.5'],
  entryNames: '[name]-[hash]', chunkNames: 'chunk-[hash]', assetNames: '[name]-[hash]',
});
const server = await build({
  ...common, entryPoints: scripts('src/server'), outdir: join(outdir, 'server'),
  format: 'iife', globalName: 'casewright', target: 'es2022', platform: 'neutral', mainFields: ['module', 'main'],
});

const manifest = {};
for (const [path, output] of Object.entries(pages.metafile.outputs)) {
  if (path.endsWith('.woff2')) manifest[basename(Object.keys(output.inputs)[0])] = { file: basename(path), imports: [] };
  if (!output.entryPoint) continue;
  const name = basename(output.entryPoint);
  const chunks = output.imports.filter((found) => found.kind === 'import-statement');
  manifest[name] = { file: basename(path), imports: chunks.map((found) => basename(found.path)) };
  if (output.cssBundle) manifest[name.replace(/\.js$/, '.css')] = { file: basename(output.cssBundle), imports: [] };
}
writeFileSync(join(outdir, 'manifest.json'), JSON.stringify(manifest, null, 1));

// What we ship holds the libraries' code, so their notices ship too.
const inputs = [pages, server].flatMap((result) => Object.keys(result.metafile.inputs));
const packages = new Set(inputs.map((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean));
const notice = (folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder, { withFileTypes: true }).filter((found) => found.isFile() && /^(licen[cs]e|notice|copying)/i.test(found.name))
    .map((found) => found.name).sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, ...texts].join('\n\n');
};
writeFileSync(join(outdir, 'LICENSES.txt'), [...packages].sort().map(notice).join(`\n\n${'-'.repeat(80)}\n\n`) + '\n');

// The web server sends these to browsers that take them; compressing once, here, may take its time.
for (const name of readdirSync(outdir).filter((file) => /\.(js|css)$/.test(file))) {
  const content = readFileSync(join(outdir, name));
  writeFileSync(join(outdir, `${name}.gz`), gzipSync(content, { level: 9 }));
  writeFileSync(join(outdir, `${name}.br`), brotliCompressSync(content));
}
