/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_RESTORE_H
#define OOMCTL_TESTS_RESTORE_H

/*
 * Runs body in a child and waits for it. Then the knobs of the machine get back what they
 * held before, even when the child was killed. A supervisor does it: it is a process of
 * its own, in its own session, which lives until the pipe that both test processes hold
 * is closed. Before that it calls undo, if there is one. Returns body's result; never
 * when the knobs could not be restored.
 */
int with_knobs_restored(int (*body)(void), void (*undo)(void));

#endif
