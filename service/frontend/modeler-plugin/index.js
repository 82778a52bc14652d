'use strict';

module.exports = { name: 'Casewright', script: './client.js' };
