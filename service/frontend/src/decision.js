// A DMN decision table, read only, on <div data-decision data-src="URL of the XML" data-element="id of the decision">.
import DecisionTable from 'dmn-js-decision-table/lib/Viewer';
import { DmnModdle } from 'dmn-moddle';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import './styles/decision.css';
import { mount } from './parts/mount.js';

async function start(host) {
  const canvas = host.querySelector('[data-canvas]');
  try {
    const answer = await fetch(host.dataset.src);
    if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
    const { rootElement } = await new DmnModdle().fromXML(await answer.text(), 'dmn:Definitions');
    const tables = rootElement.drgElement.filter((element) => element.decisionLogic?.$type === 'dmn:DecisionTable');
    const decision = tables.find((element) => element.id === host.dataset.element) ?? tables[0];
    const viewer = new DecisionTable({ container: canvas });
    viewer.open(decision);
    host.dataset.ready = '';
  } catch (error) {
    canvas.textContent = `This decision cannot be drawn: ${error.message}`;
    host.dataset.ready = 'failed';
  }
}

mount('[data-decision]', (host) => { start(host); });
