"""BPMN and DMN files as safely read XML, before anybody knows what they mean."""
