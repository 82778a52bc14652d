"""THE CONTENT OF FILES: what kind it is, where it is kept, and how it arrives and leaves, a piece at a time.

    media = arriving.check(arrived, "report.pdf")
    content_id = arriving.receive(arrived, media)   # before the transaction; nobody sees it yet
    content = arriving.keep(content_id)             # in the transaction that says what it is for
    for piece in stores.pieces(content): …

A file is written before the transaction that adds it to a case begins, in pieces that lock nothing for long; until that
transaction is committed it is nobody's, and housekeeping removes what stays so (`arriving.forget_unkept`).
"""
