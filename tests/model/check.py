#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: check.py RECORDS [COUNT]

Compares what the functions of calc.h give, as the program RECORDS prints it, with a model: the
kernel's formulas over whole numbers that have no end, and the inverses solved by algebra.
"""
import struct
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from errno import EINVAL, ERANGE, ESRCH

U64, I64, I32 = 2**64, 2**63 - 1, 2**31 - 1
PAGES_MAX = 2**50
UNTOUCHED = 0x77777777
GRANTED, REFUSED, UNCERTAIN = 0, 1, 2
UNKILLABLE, PRIVILEGED = 1, 2
R2_6_36, R3_6, R3_18, R4_17, R5_9 = 1, 2, 3, 4, 5


def up(a, b):
    return -(-a // b)


def truncated(a, b):
    return a // b if a >= 0 else -(-a // b)


def as_long(v):
    v %= U64
    return v if v <= I64 else v - U64


def clamp(v):
    return max(-I64 - 1, min(v, I64))


class Refused(Exception):
    pass


# --- commit -----------------------------------------------------------------------------------


def pages_of(mem, huge, swap, page_size):
    """The size of a page in kB; pages that the ratio is of; swap."""
    if page_size < 1024 or page_size.bit_count() != 1 or huge > mem:
        raise Refused(EINVAL)
    page = page_size // 1024
    return page, mem // page - huge // page, swap // page


def limit_pages(mem, huge, swap, kbytes, ratio, page_size):
    page, share, swap = pages_of(mem, huge, swap, page_size)
    pages = kbytes // page if kbytes else share * (ratio % U64) % U64 // 100
    return (pages + swap) % U64, page


def commit_limit(*figures):
    pages, page = limit_pages(*figures)
    return (pages * page % U64,)


def overcommit_ratio(mem, huge, swap, _kbytes, _ratio, page_size, limit):
    page, share, swap = pages_of(mem, huge, swap, page_size)

    def is_enough(ratio):
        return (share * ratio // 100 + swap) * page >= limit

    low, high = 0, 2**31
    while low < high:
        ratio = (low + high) // 2
        low, high = (low, ratio) if is_enough(ratio) else (ratio + 1, high)
    if low > I32 or share * low >= U64 or (share * low // 100 + swap) * page >= U64:
        raise Refused(ERANGE)
    return (low,)


def grant_figures(mem, huge, swap, kbytes, ratio, page_size, committed, admin, user, total_vm,
                  mode, cpus, flags):
    """The size of a page; RAM and swap; what mode 2 allows, what is taken of it; a batch."""
    limit, page = limit_pages(mem, huge, swap, kbytes, ratio, page_size)
    if not 0 <= mode <= 2 or not 1 <= cpus <= 65536 or flags > 7:
        raise Refused(EINVAL)
    allowed = as_long(limit)
    if not flags & 1:
        allowed = as_long(allowed - admin // page)
    allowed = as_long(allowed - min(as_long(total_vm // 32), as_long(user // page)))
    batch = max(2 * cpus, 32, min(I32, mem // page // cpus // 256))
    return page, mem // page + swap // page, allowed, committed // page, batch


def grant(*args):
    *figures, request = args
    page, total, allowed, taken, batch = grant_figures(*figures)
    mode, cpus, flags = figures[-3:]
    request = up(request, page)
    if mode == 1:
        return GRANTED, I64
    if mode == 0 and flags & 2:
        return UNCERTAIN, 0
    if mode == 0:
        return int(request > total), clamp((total - request) * page)
    taken += request
    margin = clamp((allowed - 1 - taken) * page)
    untold = (cpus - (flags < 2 and request >= 2 * batch)) * (batch - 1)
    if taken + untold < allowed:
        return GRANTED, margin
    return (REFUSED if max(taken - untold, 0) >= allowed else UNCERTAIN), margin


def grant_bound(*args):
    *figures, request = args
    page, _, allowed, _, batch = grant_figures(*figures)
    mode, cpus, flags = figures[-3:]
    if mode == 0 and flags & 2:
        return (I64,)
    if mode != 2 or allowed <= 0:
        return (0,)
    asks_much = up(request, page) >= 2 * batch
    return ((cpus - (flags < 2 and asks_much)) * (batch - 1) * page,)


def grant_max(*figures):
    page, total, allowed, taken, batch = grant_figures(*figures)
    mode, cpus, flags = figures[-3:]
    if mode == 1:
        return (U64 - 1,)
    if mode == 0:
        most = 0 if flags & 2 else total
    else:
        most = allowed - 1 - taken - (cpus - 1) * (batch - 1)
        if most < 2 * batch or flags >= 2:
            most = max(most - (batch - 1), 0)
    return (min(most * page, I64),)


# --- score ------------------------------------------------------------------------------------


def check(rule, total, adj, flags):
    if not 1 <= rule <= 5 or not 1 <= total <= PAGES_MAX or not -1000 <= adj <= 1000 or flags > 3:
        raise Refused(EINVAL)


def size_of(rss, swap, tables):
    if rss + swap + tables > PAGES_MAX:
        raise Refused(ERANGE)
    return rss + swap + tables


def weight(rule, total, rss, swap, tables, adj, flags):
    """The badness; None of what is never chosen."""
    check(rule, total, adj, flags)
    if flags & UNKILLABLE or adj == -1000:
        return None
    size = size_of(rss, swap, tables)
    root = flags & PRIVILEGED
    if rule == R2_6_36:
        return min(max(size * 1000 // total - (30 if root else 0) + adj, 1), 1000)
    if rule == R3_18 and root:
        size -= size * 3 // 100
    if rule == R3_6 and root:
        adj -= 30
    size += adj * (total // 1000)
    return size if rule == R5_9 else max(size, 1)


def badness(*args):
    pages = weight(*args)
    if pages is None:
        pages = -I64 - 1 if args[0] == R5_9 else 0
    return (pages,)


def oom_score(rule, total, *task):
    pages = weight(rule, total, *task)
    if pages is None:
        return (0,)
    if rule == R2_6_36:
        return (pages,)
    points = truncated(pages * 1000, total)
    if rule == R5_9:
        points = truncated((1000 + points) * 2, 3)
    if points > I32:
        raise Refused(ERANGE)
    return (points,)


def victim(rule, total, count, *figures):
    check(rule, total, 0, 0)
    weights = []
    for i in range(count):
        pages = weight(rule, total, *figures[5 * i:5 * i + 5])
        if pages is not None:
            weights.append((pages, i if rule == R5_9 else -i))
    if not weights:
        raise Refused(ESRCH)
    weights.sort()
    best, place = weights[-1]
    return abs(place), best - weights[-2][0] if len(weights) > 1 else I64


def steps(rule, total, rss, swap, tables, _adj, flags):
    """Without its bounds, 1 and 1000, a badness is start + step * adj."""
    check(rule, total, 0, flags)
    if flags & UNKILLABLE:
        raise Refused(ERANGE)
    size, step, root = size_of(rss, swap, tables), total // 1000, flags & PRIVILEGED
    if rule == R2_6_36:
        return size * 1000 // total - (30 if root else 0), 1
    if rule == R3_18 and root:
        size -= size * 3 // 100
    return size - (30 * step if rule == R3_6 and root else 0), step


def oom_score_adj_below(rule, *args):
    start, step = steps(rule, *args[:-1])
    most = args[-1] - 1
    if rule != R5_9 and most < 1:
        raise Refused(ERANGE)
    if rule == R2_6_36 and most >= 1000:
        return (1000,)
    if step == 0:
        adj = 1000 if start <= most else -1000
    else:
        adj = min((most - start) // step, 1000)
    if adj < -999:
        raise Refused(ERANGE)
    return (adj,)


def oom_score_adj_above(rule, *args):
    start, step = steps(rule, *args[:-1])
    least = args[-1] + 1
    if rule != R5_9 and least <= 1:
        return (-999,)
    if rule == R2_6_36 and least > 1000:
        raise Refused(ERANGE)
    if step == 0:
        adj = -999 if start >= least else 1001
    else:
        adj = max(up(least - start, step), -999)
    if adj > 1000:
        raise Refused(ERANGE)
    return (adj,)


def badness_shown(rule, score, total):
    """From and to which badness a score is shown, whoever has it; not by the rule of 2.6.36."""
    if rule != R5_9:
        return up(score * total, 1000), up((score + 1) * total, 1000) - 1
    # points: truncated towards 0; the score is two thirds of 1000 + points, truncated
    least, most = up(3 * score, 2) - 1000, up(3 * (score + 1), 2) - 1001
    least = up(least * total, 1000) if least > 0 else (least - 1) * total // 1000 + 1
    most = up((most + 1) * total, 1000) - 1 if most >= 0 else most * total // 1000
    return least, most


def within(least, most, first, last):
    least, most = max(least, first), min(most, last)
    if least > most:
        raise Refused(ERANGE)
    return least, most


def badness_of_oom_score(rule, score, total):
    check(rule, total, 0, 0)
    if score < 0:
        raise Refused(EINVAL)
    if rule == R2_6_36:
        return within(score, score, 1, 1000)
    first = -999 * (total // 1000) if rule == R5_9 else 1
    return within(*badness_shown(rule, score, total), first, PAGES_MAX + 1000 * (total // 1000))


def footprint_of_oom_score(rule, score, adj, flags, total):
    check(rule, total, adj, flags)
    if score < 0:
        raise Refused(EINVAL)
    if flags & UNKILLABLE or adj == -1000:
        raise Refused(ERANGE)
    root = flags & PRIVILEGED
    if rule == R2_6_36:
        if not 1 <= score <= 1000:
            raise Refused(ERANGE)
        points = score - adj + (30 if root else 0)
        least = up(points * total, 1000) if score > 1 else 0
        most = up((points + 1) * total, 1000) - 1 if score < 1000 else PAGES_MAX
        return within(least, most, 0, PAGES_MAX)
    least, most = badness_shown(rule, score, total)
    if rule != R5_9:
        if most < 1:
            raise Refused(ERANGE)
        if least <= 1:
            least = -I64 * 1000
    if rule == R3_6 and root:
        adj -= 30
    least, most = least - adj * (total // 1000), most - adj * (total // 1000)
    if rule == R3_18 and root:  # what is left of a size is up(97 * size, 100)
        least, most = (least - 1) * 100 // 97 + 1, most * 100 // 97
    return within(least, most, 0, PAGES_MAX)


# --- comparison -------------------------------------------------------------------------------

COMMIT, TASK = "QQQQiI", "QQQiI"
GRANT = COMMIT + "QQQQiII"
# of each function the arguments, the outputs, the codes
FUNCTIONS = {
    commit_limit: (COMMIT, "Q", {0, EINVAL}),
    overcommit_ratio: (COMMIT + "Q", "i", {0, EINVAL, ERANGE}),
    grant: (GRANT + "Q", "iq", {0, EINVAL}),
    grant_bound: (GRANT + "Q", "Q", {0, EINVAL}),
    grant_max: (GRANT, "Q", {0, EINVAL}),
    badness: ("iQ" + TASK, "q", {0, EINVAL, ERANGE}),
    oom_score: ("iQ" + TASK, "i", {0, EINVAL, ERANGE}),
    victim: ("iQI" + 4 * TASK, "Iq", {0, EINVAL, ERANGE, ESRCH}),
    oom_score_adj_below: ("iQ" + TASK + "q", "i", {0, EINVAL, ERANGE}),
    oom_score_adj_above: ("iQ" + TASK + "q", "i", {0, EINVAL, ERANGE}),
    badness_of_oom_score: ("iiQ", "qq", {0, EINVAL, ERANGE}),
    footprint_of_oom_score: ("iiiIQ", "QQ", {0, EINVAL, ERANGE}),
}


def compare(name, records, count):
    """Checks one function. Returns what has been seen."""
    function = globals()[name]
    arguments, outputs, codes = FUNCTIONS[function]
    layout = struct.Struct("<" + arguments + "i" + outputs)
    n = len(arguments)
    untouched = (UNTOUCHED,) * len(outputs)
    seen = Counter()
    with subprocess.Popen([records, name, str(count)], stdout=subprocess.PIPE) as program:
        while chunk := program.stdout.read(layout.size * 4096):
            for record in layout.iter_unpack(chunk):
                try:
                    want = (0, *function(*record[:n]))
                except Refused as refused:
                    want = (-refused.args[0], *untouched)
                if record[n:] != want:
                    sys.exit(f"{name}{record[:n]} gives {record[n:]}, not {want}")
                seen[-want[0]] += 1
    if program.returncode != 0 or seen.total() != count:
        sys.exit(f"{name}: {seen.total()} records, exit code {program.returncode}")
    # A generator that reaches nothing would prove nothing.
    if set(seen) != codes or seen[0] < count // 4:
        sys.exit(f"{name}: the records are one-sided: {dict(seen)}")
    return f"{name}: " + ", ".join(f"{seen[code]} give {-code}" for code in sorted(seen))


def main(records, count="1000000"):
    with ProcessPoolExecutor(2) as pool:
        for text in pool.map(compare, [f.__name__ for f in FUNCTIONS],
                             [records] * len(FUNCTIONS), [int(count)] * len(FUNCTIONS)):
            print(text, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
