/* SPDX-License-Identifier: MIT */
#include <oomctl/rank.h>

#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <oomctl/base.h>
#include <oomctl/predict.h>
#include <oomctl/proc.h>

#include "child.h"

enum { MANY = 256, OWN = 3 };

static struct oomctl_rank_entry entries[MANY];
static struct oomctl_rank_report report;
static size_t found;

static const struct oomctl_rank_entry *find(pid_t pid)
{
	for (size_t i = 0; i < found; i++)
		if (entries[i].pid == pid)
			return &entries[i];
	return NULL;
}

/* Pid 1 of the namespace waits for it, so that another one is hidden. */
static void below_pid_1(void (*body)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		body();
		_exit(0);
	}
	EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid);
	EXPECT(status == 0);
}

static void become_dumpable_nobody(void)
{
	become_nobody();
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
}

/* Of the one who looks. The last is the first to die. */
static pid_t own[OWN];

static void start_own(void)
{
	for (int i = 0; i < OWN; i++) {
		own[i] = start_sleeper();
		EXPECT(wait_until_asleep(own[i]));
		EXPECT(oomctl_proc_set_oom_score_adj(NULL, own[i], 900 + 10 * i) == 0);
	}
}

static void expect_own_first(uint32_t flags)
{
	EXPECT(found >= OWN + 1);
	EXPECT((report.flags & OOMCTL_RANK_NO_TOTAL) == (flags & OOMCTL_RANK_NO_TOTAL));
	EXPECT((report.flags & OOMCTL_RANK_HIDDEN) == (flags & OOMCTL_RANK_HIDDEN));
	for (int i = 0; i < OWN; i++) {
		const struct oomctl_rank_entry *e = &entries[OWN - 1 - i];

		EXPECT(e->pid == own[i]);
		EXPECT(e->task.oom_score_adj == 900 + 10 * i);
		EXPECT(e->oom_score == number_of(own[i], "oom_score"));
	}
	EXPECT(find(getpid()));
}

static void rank_by_all_calls(const struct oomctl_ctx *ctx, uint32_t flags)
{
	EXPECT(oomctl_rank_victims(ctx, entries, MANY, sizeof(entries[0]), &found,
				   &report, sizeof(report)) == 0);
	expect_own_first(flags);
	EXPECT(entries[0].flags == OOMCTL_RANK_DETAILED && entries[0].uid == getuid());
	EXPECT((entries[0].badness_pages == 0) == !!(flags & OOMCTL_RANK_NO_TOTAL));
	EXPECT((report.total_pages == 0) == !!(flags & OOMCTL_RANK_NO_TOTAL));

	EXPECT(oomctl_rank_scores(ctx, entries, MANY, sizeof(entries[0]), &found, &report,
				  sizeof(report)) == 0);
	expect_own_first(flags & ~(uint32_t)OOMCTL_RANK_NO_TOTAL);

	EXPECT(oomctl_rank_before(ctx, own[0], entries, MANY, sizeof(entries[0]), &found,
				  &report, sizeof(report)) == 0);
	EXPECT(report.ahead == OWN - 1 && found == OWN - 1);
	EXPECT(entries[0].pid == own[OWN - 1] && entries[1].pid == own[1]);
}

/* By the path, and by a context. */
static void rank_all(uint32_t flags)
{
	struct oomctl_ctx *ctx;

	rank_by_all_calls(NULL, flags);
	EXPECT(oomctl_ctx_new("/proc", "/sys", &ctx) == 0);
	rank_by_all_calls(ctx, flags);
	oomctl_ctx_free(ctx);
}

static void expect_refused_before(pid_t pid, int code)
{
	found = UNTOUCHED_U64;
	report.processes = UNTOUCHED_U64;
	EXPECT(oomctl_rank_before(NULL, pid, entries, MANY, sizeof(entries[0]), &found,
				  &report, sizeof(report)) == code);
	EXPECT(found == UNTOUCHED_U64 && report.processes == UNTOUCHED_U64);
}

static void rank_what_may_not_be_read(void)
{
	become_dumpable_nobody();
	start_own();
	rank_all(0);
	EXPECT(report.unread == 2); /* pid 1 and a child of it */
	EXPECT(report.processes == OWN + 1);
	EXPECT(!find(1));
	expect_refused_before(1, -EPERM);
}

static void rank_what_is_not_shown(void)
{
	become_dumpable_nobody();
	start_own();
	rank_all(OOMCTL_RANK_HIDDEN);
	EXPECT(report.unread == 0);
	EXPECT(report.processes == OWN + 1);
	EXPECT(!find(1));
	expect_refused_before(1, -ESRCH);
}

static void be_denied(void)
{
	mount_proc("hidepid=1");
	start_sleeper();
	below_pid_1(rank_what_may_not_be_read);
}

static void be_shown_nothing(void)
{
	mount_proc("hidepid=2");
	start_sleeper();
	below_pid_1(rank_what_is_not_shown);
}

static void be_shown_what_may_be_traced(void)
{
	mount_proc("hidepid=ptraceable");
	start_sleeper();
	below_pid_1(rank_what_is_not_shown);
}

static void who_may_not_be_read_is_counted(void **state)
{
	(void)state;
	in_namespaces(be_denied);
}

static void that_others_are_hidden_is_told(void **state)
{
	(void)state;
	in_namespaces(be_shown_nothing);
}

static void that_others_may_not_be_traced_is_told(void **state)
{
	(void)state;
	in_namespaces(be_shown_what_may_be_traced);
}

static void rank_by_scores_alone(void)
{
	int32_t score = UNTOUCHED;

	become_dumpable_nobody();
	start_own();
	rank_all(OOMCTL_RANK_NO_TOTAL);
	EXPECT(report.flags == OOMCTL_RANK_NO_TOTAL);
	EXPECT(report.processes == OWN + 3 && report.unread == 0);
	EXPECT(oomctl_predict_oom_score(NULL, 0, 0, &score) == -EOPNOTSUPP);
	EXPECT(score == UNTOUCHED);
}

static void see_processes_only(void)
{
	mount_proc("subset=pid");
	start_sleeper();
	below_pid_1(rank_by_scores_alone);
}

static void without_a_total_the_order_is_that_of_the_scores(void **state)
{
	(void)state;
	in_namespaces(see_processes_only);
}

static void rank_pid_1(void)
{
	struct oomctl_task_figures task;
	int32_t score = UNTOUCHED;

	mount_proc("");
	EXPECT(getpid() == 1);
	start_own();
	EXPECT(oomctl_predict_read_task_figures(NULL, 1, &task, sizeof(task)) == 0);
	EXPECT(!(task.flags & OOMCTL_TASK_UNKILLABLE));
	EXPECT(oomctl_predict_oom_score(NULL, 1, task.oom_score_adj, &score) == 0);
	EXPECT(score == number_of(1, "oom_score") && score > 0);

	rank_all(0);
	EXPECT(report.processes == OWN + 1);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 1, OOMCTL_SCORE_ADJ_MAX) == 0);
	EXPECT(oomctl_rank_victims(NULL, entries, 1, sizeof(entries[0]), &found, &report,
				   sizeof(report)) == 0);
	EXPECT(found == 1 && entries[0].pid == 1);
	EXPECT(entries[0].task.oom_score_adj == OOMCTL_SCORE_ADJ_MAX);
}

static void pid_1_of_a_namespace_is_a_victim_as_any(void **state)
{
	(void)state;
	in_namespaces(rank_pid_1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_may_not_be_read_is_counted),
		cmocka_unit_test(that_others_are_hidden_is_told),
		cmocka_unit_test(that_others_may_not_be_traced_is_told),
		cmocka_unit_test(without_a_total_the_order_is_that_of_the_scores),
		cmocka_unit_test(pid_1_of_a_namespace_is_a_victim_as_any),
	};

	return cmocka_run_group_tests_name("live rank in namespaces", tests, NULL, NULL);
}
