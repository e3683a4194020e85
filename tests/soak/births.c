/* SPDX-License-Identifier: MIT */
#include "births.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"

static struct life {
	struct line lines[LINES];
	atomic_ulong births;
} * life;

struct moment moment_of(int line)
{
	struct line *l = &life->lines[line];

	return (struct moment){ l->begun, l->born, l->ending, l->ended };
}

/* Field 22 of stat, behind a name that has no parenthesis. */
static uint64_t read_start_ticks(pid_t pid)
{
	char path[32], text[512] = "";
	const char *p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	EXPECT(p);
	return strtoull(p, NULL, 10);
}

static void be_like(int line, unsigned int birth)
{
	char text[16];
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	snprintf(text, sizeof(text), "%d", adj_of(line, birth));
	EXPECT(fd >= 0 && write(fd, text, strlen(text)) > 0);
	close(fd);
	snprintf(text, sizeof(text), "soak%d-%u", line, birth);
	EXPECT(prctl(PR_SET_NAME, text) == 0);
	EXPECT(syscall(SYS_setresuid, uid_of(birth), -1, -1) == 0);
}

static void end_last(int line)
{
	struct line *l = &life->lines[line];

	l->ending = l->begun;
	EXPECT(kill(pid_of(line), SIGKILL) == 0);
	EXPECT(waitpid(pid_of(line), NULL, 0) == pid_of(line));
	l->ended = l->begun;
}

/* The next birth of a line, after the death of the one before. */
static void replace(int line)
{
	struct line *l = &life->lines[line];
	unsigned int birth = l->begun + 1;

	be_like(line, birth);
	if (birth > 1)
		end_last(line);
	l->begun = birth;
	if (start_sleeper_with(pid_of(line)) != pid_of(line))
		SKIP_CHILD("no right to choose the number of a process");
	l->start_ticks[birth % BIRTHS_KEPT] = read_start_ticks(pid_of(line));
	l->born = birth;
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Keeps the pace, also after a delay. */
static void live(void)
{
	const double begin = now();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		double wait = begin + (double)life->births / BIRTHS_PER_SECOND - now();

		if (wait > 0)
			usleep((useconds_t)(wait * 1e6));
		replace((int)(life->births++ % LINES));
	}
}

pid_t births_begin(void)
{
	pid_t parent;

	life = mmap(NULL, sizeof(*life), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(life != MAP_FAILED);
	parent = fork();
	if (parent == 0)
		live();
	EXPECT(parent > 0);
	for (int status; life->births < LINES; usleep(1000))
		if (waitpid(parent, &status, WNOHANG) == parent)
			_exit(WEXITSTATUS(status)); /* CHILD_SKIPPED, too */
	return parent;
}

/* All others end with the parent. */
void births_end(pid_t parent)
{
	EXPECT(kill(parent, SIGKILL) == 0 && waitpid(parent, NULL, 0) == parent);
}

unsigned long births_so_far(void)
{
	return life->births;
}

uint64_t start_ticks_of(int line, unsigned int birth)
{
	while (life->lines[line].born < birth)
		usleep(50);
	return life->lines[line].start_ticks[birth % BIRTHS_KEPT];
}

unsigned int birth_named(int line, const char *name)
{
	bool is_named = strncmp(name, "soak", 4) == 0 && name[4] == '0' + line;

	return is_named ? (unsigned int)strtoul(name + 6, NULL, 10) : 0;
}

bool shows_score(int line, unsigned int birth, int64_t score)
{
	int64_t expected = (1000 + adj_of(line, birth)) * 2 / 3;

	return score == 0 || llabs(score - expected) < ADJ_STEP / 3;
}
