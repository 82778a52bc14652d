"""Who may do what, what keeps a case from closing, to whom ad hoc work is offered."""
