"""One workflow at work: its tokens (`run`), what it waits for (`open_work`), the way back, its `snapshot`."""
