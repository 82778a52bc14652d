// Fills in a form-js form as a person would, one field after the other, and submits it: runs in the browser.
async (form, schema, context, answers) => {
  const get = (target, path) => path.reduce((found, key) => found?.[key], target);
  const turn = () => new Promise((resolve) => { globalThis.soon(resolve); });
  const rendered = async () => { for (let n = 0; n < 8; n += 1) await turn(); };
  const registry = form.get('formFieldInstanceRegistry');
  const fields = form.get('formFieldRegistry');
  const state = () => JSON.stringify([form._getState().data, registry.getAll().map(({ id, valuePath }) => [id, valuePath])]);
  const isLocked = (instance) => {
    const { readonly, disabled, type } = fields.get(instance.id);
    if (disabled || type === 'expression') return true;
    if (typeof readonly !== 'string') return Boolean(readonly);
    const { data, ...scope } = instance.expressionContextInfo;
    return form.get('conditionChecker').check(readonly, { ...scope, ...data }) === true;
  };
  const wanted = (instance) => {
    const value = get(answers, instance.valuePath);
    if (fields.get(instance.id).type !== 'dynamiclist') return value;
    const { data } = form._getState();
    const rows = get(data, instance.valuePath) ?? [];
    if (rows.length === value.length) return rows;
    return value.map((_, index) => rows[index] ?? form._getInitializedFieldData(data, {
      container: fields.get(instance.id), indexes: { ...instance.indexes, [instance.id]: index },
    }));
  };

  await form.importSchema(schema, context);
  await rendered();
  const filled = new Set();
  const choices = new Set(['checkbox', 'radio']); // made first, for they lock and hide other fields
  for (let round = 0; round < 30; round += 1) {
    const before = state();
    const isOpen = ({ valuePath }) => !filled.has(valuePath.join('/')) && get(answers, valuePath) !== undefined;
    const isField = ({ id }) => fields.get(id).key !== undefined || fields.get(id).type === 'dynamiclist';
    const open = registry.getAll().filter((instance) => isField(instance) && isOpen(instance) && (round > 0 || choices.has(fields.get(instance.id).type)));
    for (const { instanceId, valuePath } of open) {
      const instance = registry.get(instanceId);
      if (!instance || isLocked(instance)) continue;
      filled.add(valuePath.join('/'));
      form._update({ fieldInstance: instance, field: fields.get(instance.id), value: wanted(instance), indexes: instance.indexes });
    }
    await rendered();
    if (round > 0 && before === state()) break;
  }
  await rendered();
  form._emit('presubmit'); // what submit() does, without sending anything
  return JSON.parse(JSON.stringify({ data: form._getSubmitData(), errors: form.validate() }));
}
