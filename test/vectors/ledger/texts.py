"""What somebody does to the text of a bundle's lines, after which it is not in the form of the page."""


def texts():
    """Changes of the text of a line, on ANN's block 4: what to replace, once, by what."""
    return [
        ("an unknown member", b'{"t":"head",', b'{"t":"head","note":"seen",'),
        ("a member twice", b'{"t":"head",', b'{"t":"head","slot":1,'),
        ("a member twice, deeper", b'"images":{', b'"images":{"old":"00",'),
        ("a member missing", b'"total":', b'"Total":'),
        ("capital digits", b'"slot":11259375,"blinding":"', b'"slot":11259375,"blinding":"AB'),
        ("an odd number of digits", b'"images":{"salt":"', b'"images":{"salt":"0'),
        ("a salt too long", b'"images":{"salt":"', b'"images":{"salt":"00'),
        ("a hash too long", b'"before":"', b'"before":"00'),
        ("a number with a point", b'"from_block":4', b'"from_block":4.0'),
        ("a number with an exponent", b'"from_block":4', b'"from_block":4e0'),
        ("a number as text", b'"from_block":4', b'"from_block":"4"'),
        ("a truth for a number", b'"k":2', b'"k":true'),
        ("minus zero", b'"k":2', b'"k":-0'),
        ("a number beyond 2^53", b'"total":', b'"total":90071992547409920'),
        ("a time with a zero before", b'"started":"', b'"started":"0'),
        ("a time with a plus", b'"started":"', b'"started":"+'),
        ("a time as number", b'"sealed_at":"848', b'"sealed_at":848,"x":"'),
        ("a time out of range", b'"started":"', b'"started":"99999'),
        ("an unknown operation", b'"op":"D"', b'"op":"X"'),
        ("a uuid in capitals", b'89ab-4def', b'89AB-4def'),
        ("another format", b'custody-bundle-1', b'custody-bundle-2'),
        ("another kind", b'"kind":"org"', b'"kind":"orgs"'),
        ("half a character", b'"text":"{', b'"text":"\xc3{'),
        ("half a surrogate", b'"text":"{', b'"text":"\\ud800{'),
        ("a descriptor that is no JSON", b'"text":"{', b'"text":"'),
        ("a descriptor with a number beyond a double", b'"text":"{', b'"text":"{\\"x\\":1e400,'),
        ("a descriptor with whole digits beyond a double", b'"text":"{', b'"text":"{\\"x\\":' + b"9" * 400 + b","),
        ("an empty line", b'{"t":"head"', b'\n{"t":"head"'),
        ("a list for a line", b'{"t":"head"', b'[]\n{"t":"head"'),
        ("an object too many", b'{"t":"head"', b'{} {"t":"head"'),
        ("a byte order mark", b'{"format"', b'\xef\xbb\xbf{"format"'),
    ]
