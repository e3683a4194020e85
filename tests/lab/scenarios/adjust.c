/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <oomctl/adjust.h>

#include "guest.h"

enum { UNTOUCHED = -77777 };

static int32_t own(void)
{
	return (int32_t)number_in("/proc/self/oom_score_adj");
}

static void expect_set(int32_t adj, enum oomctl_adjust_policy policy, int32_t want)
{
	int32_t got = UNTOUCHED;

	EXPECT(oomctl_adjust_proc(NULL, 0, adj, policy, &got) == 0);
	EXPECT(got == want && own() == want);
}

static void expect_refused(int32_t adj)
{
	int32_t got = UNTOUCHED, before = own();

	EXPECT(oomctl_adjust_proc(NULL, 0, adj, OOMCTL_ADJUST_STRICT, &got) == -EACCES);
	EXPECT(oomctl_adjust_proc_by(NULL, 0, adj - before, OOMCTL_ADJUST_STRICT, &got) ==
	       -EACCES);
	EXPECT(got == UNTOUCHED && own() == before);
}

static void expect_floor(int32_t want)
{
	int32_t got = UNTOUCHED, before = own();

	EXPECT(oomctl_adjust_find_floor(NULL, &got) == 0);
	EXPECT(got == want && own() == before);
}

/* All that is asked of a floor, from all values above it. */
static void expect_all_of_floor(int32_t floor)
{
	static const int32_t values[] = { 1000, 999, 301, 300, 1, 0, -1, -500, -999 };
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int32_t got;

	for (size_t i = 0; i < LENGTH(values); i++) {
		if (values[i] < floor)
			continue;
		expect_set(values[i], OOMCTL_ADJUST_STRICT, values[i]);
		expect_floor(floor);
		if (floor > OOMCTL_SCORE_ADJ_MIN) {
			expect_refused(floor - 1);
			expect_refused(OOMCTL_SCORE_ADJ_MIN);
		}
		expect_set(OOMCTL_SCORE_ADJ_MIN, OOMCTL_ADJUST_CLAMP, floor);
		expect_set(1000, OOMCTL_ADJUST_CLAMP, 1000);
		EXPECT(oomctl_adjust_proc_by(NULL, 0, INT32_MIN, OOMCTL_ADJUST_CLAMP,
					     &got) == 0);
		EXPECT(got == floor && own() == floor);
		expect_set(values[i], OOMCTL_ADJUST_STRICT, values[i]);
		EXPECT(oomctl_adjust_pidfd(NULL, pidfd, -1000, OOMCTL_ADJUST_CLAMP,
					   &got) == 0);
		EXPECT(got == floor && own() == floor);
	}
}

static int32_t floor_at_hand;

/* Where a holder of the capability has left it. */
static void below_each_floor(void)
{
	expect_set(floor_at_hand, OOMCTL_ADJUST_STRICT, floor_at_hand);
	drop_capability(CAP_SYS_RESOURCE);
	expect_all_of_floor(floor_at_hand);
}

/* To look does not move it. */
static void a_holder_has_none(void)
{
	expect_set(1000, OOMCTL_ADJUST_STRICT, 1000);
	expect_set(OOMCTL_SCORE_ADJ_MIN, OOMCTL_ADJUST_CLAMP, OOMCTL_SCORE_ADJ_MIN);
	expect_set(-500, OOMCTL_ADJUST_CLAMP, -500);
	expect_floor(OOMCTL_ADJUST_NO_FLOOR);
	drop_capability(CAP_SYS_RESOURCE);
	expect_all_of_floor(-500);
}

static void one_that_was_never_moved_is_0(void)
{
	drop_capability(CAP_SYS_RESOURCE);
	expect_all_of_floor(0);
}

static bool holds_by_its_status(void)
{
	char text[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	const char *line;

	EXPECT(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	line = strstr(text, "\nCapEff:");
	EXPECT(line);
	return strtoull(line + strlen("\nCapEff:"), NULL, 16) >> CAP_SYS_RESOURCE & 1;
}

static void what_is_held_in_a_namespace_counts_for_nothing(void)
{
	expect_set(-300, OOMCTL_ADJUST_STRICT, -300);
	EXPECT(unshare(CLONE_NEWUSER) == 0);
	EXPECT(holds_by_its_status());
	expect_all_of_floor(-300);
}

/* By a holder's write to the file that was there before, which does not move the floor: no write
 * is allowed then but one that cannot be undone. So nothing is tried. */
static void below_its_own_floor_it_stays(void)
{
	int32_t got = UNTOUCHED;

	if (access("/proc/self/oom_adj", W_OK) < 0) {
		note("no oom_adj");
		return;
	}
	put_text("/proc/self/oom_adj", "-17");
	EXPECT(own() == -1000);
	drop_capability(CAP_SYS_RESOURCE);
	for (int32_t adj = -1000; adj < 0; adj += 333)
		EXPECT(oomctl_adjust_proc(NULL, 0, adj, OOMCTL_ADJUST_CLAMP, &got) ==
		       -EACCES);
	EXPECT(oomctl_adjust_find_floor(NULL, &got) == -EACCES);
	EXPECT(got == UNTOUCHED && own() == -1000);
	expect_set(0, OOMCTL_ADJUST_CLAMP, 0);
	expect_floor(0);
}

SCENARIO(adjust)
{
	static const int32_t floors[] = { -1000, -999, -500, -1, 0, 300, 1000 };

	for (size_t i = 0; i < LENGTH(floors); i++) {
		floor_at_hand = floors[i];
		in_child(below_each_floor);
	}
	in_child(one_that_was_never_moved_is_0);
	in_child(a_holder_has_none);
	in_child(what_is_held_in_a_namespace_counts_for_nothing);
	in_child(below_its_own_floor_it_stays);
	note("floors: %zu, exact; a holder's; in a user namespace", LENGTH(floors));
}
