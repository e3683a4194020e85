#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads the library's object files: calls go down only, and each file uses its own part
of libc, no more. Usage: layers.py OBJECT..."""

import re
import subprocess
import sys
from pathlib import Path

MEMORY = 'memchr memcmp memcpy memmove memset strcmp strlen strncmp bcmp'
SYSTEM = ('__errno_location clock_gettime close fchmod fstatat fstatfs fsync geteuid getpid kill '
          'lseek openat poll prctl pread pwrite read readlinkat renameat syscall sysconf unlinkat '
          'write')

# From bottom to top: a file calls files of lower layers only.
LAYERS = [
    # layer      file           what it may use of libc
    ('pure',    'base',        ''),
    ('pure',    'calc_commit', MEMORY),
    ('pure',    'calc_score',  MEMORY),
    ('pure',    'parse',       MEMORY),
    ('table',   'knob_table',  ''),
    ('policy',  'policy',      ''),
    ('text',    'sysctl_conf', MEMORY),
    ('outside', 'io',          MEMORY + ' ' + SYSTEM),
    ('context', 'ctx',         'malloc free'),
    ('object',  'knob',        MEMORY),
    ('object',  'process',     MEMORY),
    ('object',  'scan',        MEMORY),
    ('adj',     'adj',         MEMORY),
    ('adj',     'cgroup',      MEMORY),
    ('figures', 'cause',       ''),
    ('figures', 'figures',     MEMORY),
    ('face',    'adjust',      MEMORY),
    ('face',    'dropin',      MEMORY),
    ('face',    'gauge',       MEMORY + ' malloc free'),
    ('face',    'meminfo',     MEMORY),
    ('face',    'predict',     MEMORY),
    ('face',    'probe',       MEMORY),
    ('face',    'proc',        MEMORY),
    ('face',    'protect',     MEMORY),
    ('face',    'rank',        MEMORY),
    ('face',    'tune',        MEMORY),
    ('face',    'vm',          MEMORY),
    ('face',    'why',         MEMORY),
]

# What compilers add on their own: position independence, hardening, 64-bit division.
COMPILER = {'_GLOBAL_OFFSET_TABLE_', '__stack_chk_fail', '__stack_chk_fail_local',
            '__divdi3', '__moddi3', '__udivdi3', '__umoddi3', '__udivmoddi4'}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(path, *options):
    lines = run('nm', '--format=posix', *options, path).splitlines()
    names = {line.split()[0] for line in lines if ' ' in line}
    return {n for n in names if not n.startswith('__x86.get_pc_thunk')} - COMPILER


def writable_sections(path):
    """Sections that stay writable and are not empty; .data.rel.ro is sealed by the loader."""
    row = re.compile(r'\] (\.\S+) +\w+ +\w+ +\w+ (\w+) \w+ +(\w+)')
    return [name for name, size, flags in row.findall(run('readelf', '-SW', path))
            if 'W' in flags and int(size, 16) and not name.startswith('.data.rel.ro')]


def unfortified(name):
    return re.sub(r'^__(\w+)_chk$', r'\1', name)


def faults(objects):
    order = list(dict.fromkeys(layer for layer, _, _ in LAYERS))
    layer_of = {name: layer for layer, name, _ in LAYERS}
    libc_of = {name: set(libc.split()) for _, name, libc in LAYERS}
    home = {symbol: name for name, path in objects.items()
            for symbol in symbols(path, '--defined-only', '--extern-only')}

    for name in sorted(layer_of.keys() ^ objects.keys()):
        yield f'{name}: in the table or among the objects, but not in both'
    for name in sorted(layer_of.keys() & objects.keys()):
        for symbol in sorted(symbols(objects[name], '--undefined-only')):
            callee = home.get(symbol)
            if callee is None:
                if unfortified(symbol) not in libc_of[name]:
                    yield f'{name} may not use {symbol} of libc'
            elif order.index(layer_of[callee]) >= order.index(layer_of[name]):
                yield f'{name} ({layer_of[name]}) may not use {symbol} of {callee}'
        for section in writable_sections(objects[name]):
            yield f'{name} has writable data in {section}'


def main():
    objects = {Path(path).name.split('.')[0]: path for path in sys.argv[1:]}
    found = list(faults(objects))
    print('\n'.join(found) or f'{len(objects)} objects keep to their layers')
    return 1 if found else 0


sys.exit(main())
